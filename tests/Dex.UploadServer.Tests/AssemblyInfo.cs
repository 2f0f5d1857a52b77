using Dex.Testing;

[assembly: AssemblyFixture(typeof(TestServices))]
