namespace Dex.Testing; internal static class Placeholder;
