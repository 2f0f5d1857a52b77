using Dex.Tus.Receiving;
using Microsoft.AspNetCore.Connections;

namespace Dex.Tus;

/// <summary>What the engine wants below HTTP.</summary>
public static class TusConnectionExtensions
{
    /// <summary>Hands out every byte before a client's FIN, and lets a client that has ended its sending half still be answered. Goes last, after TLS.</summary>
    public static TBuilder UseHalfClose<TBuilder>(this TBuilder connection)
        where TBuilder : IConnectionBuilder
    {
        connection.Use(next => async context =>
        {
            await using var halfClose = new HalfCloseConnection(context);
            await next(halfClose);
        });
        return connection;
    }
}
