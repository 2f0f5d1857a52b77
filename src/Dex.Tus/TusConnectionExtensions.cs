using Dex.Tus.Receiving;
using Dex.Tus.Receiving.Http2;
using Microsoft.AspNetCore.Connections;

namespace Dex.Tus;

/// <summary>What the engine wants below HTTP.</summary>
public static class TusConnectionExtensions
{
    /// <summary>Lets HTTP/2 clients in that know beforehand that it is spoken here, beside those of HTTP/1.1. For listeners without TLS that allow both protocols; goes before <see cref="UseHalfClose"/>.</summary>
    /// <param name="idleLimit">How long a new connection may stay silent.</param>
    /// <param name="headLimit">How long its first words may take once it has begun to speak.</param>
    /// <param name="clock">Runs both.</param>
    public static TBuilder UseHttp2Preface<TBuilder>(this TBuilder connection, TimeSpan idleLimit, TimeSpan headLimit, TimeProvider clock)
        where TBuilder : IConnectionBuilder
    {
        connection.Use(next => new Http2Preface(next, idleLimit, headLimit, clock).RunAsync);
        return connection;
    }

    /// <summary>Hands out every byte before a client's FIN, and lets a client that has ended its sending half still be answered; on HTTP/2, every byte before a stream's reset. Goes last, after TLS.</summary>
    public static TBuilder UseHalfClose<TBuilder>(this TBuilder connection)
        where TBuilder : IConnectionBuilder
    {
        connection.Use(next => async context =>
        {
            await using ConnectionContext wrapped = Http2Preface.IsSpoken(context)
                ? new Http2ConnectionContext(context, TimeProvider.System)
                : new HalfCloseConnection(context);
            await next(wrapped);
        });
        return connection;
    }
}
