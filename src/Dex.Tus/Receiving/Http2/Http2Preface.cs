using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Dex.Tus.Receiving.Http2;

/// <summary>Recognises clients that speak HTTP/2 without TLS by their first bytes, on a port that HTTP/1.1 clients use, too (RFC 9113, 3.3 and 3.4).</summary>
/// <remarks>A connection is given to Kestrel only when this is known, so the time-outs up to there are kept here.</remarks>
internal sealed class Http2Preface(ConnectionDelegate next, TimeSpan idleLimit, TimeSpan headLimit, TimeProvider clock)
{
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Whether the connection speaks HTTP/2, by its preface or by ALPN.</summary>
    public static bool IsSpoken(ConnectionContext connection) =>
        connection.Features.Get<Announcement>() is not null
        || connection.Features.Get<ITlsApplicationProtocolFeature>()?.ApplicationProtocol.Span.SequenceEqual("h2"u8) == true;

    public async Task RunAsync(ConnectionContext connection)
    {
        if (await ReadAsync(connection) is not { } found)
            return;
        if (found)
            Announcement.On(connection.Features);
        await next(connection);
    }

    /// <summary>Null if the client left or said nothing for too long, or the server stops.</summary>
    private async ValueTask<bool?> ReadAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        var hasBegun = input.TryRead(out var read);
        if (hasBegun && Decide(input, read) is { } found)
            return found;

        var limit = hasBegun ? headLimit : idleLimit;
        await using var patience = clock.CreateTimer(static input => PendingRead.Stop((PipeReader)input!), input, limit, Timeout.InfiniteTimeSpan);
        await using var closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested
            .UnsafeRegister(static input => PendingRead.Stop((PipeReader)input!), input) ?? default;
        try
        {
            while (true)
            {
                read = await input.ReadAsync(CancellationToken.None);
                if (read.IsCanceled)
                {
                    input.AdvanceTo(read.Buffer.Start);
                    return null;
                }

                if (Decide(input, read) is { } decided)
                    return decided;
                if (!hasBegun)
                    patience.Change(headLimit, Timeout.InfiniteTimeSpan);
                hasBegun = true; // all its words have that time together
            }
        }
        catch (IOException)
        {
            return null; // reset before a word was said
        }
    }

    // Looks without taking anything; null while the bytes so far could still become a preface.
    private static bool? Decide(PipeReader input, ReadResult read)
    {
        var buffer = read.Buffer;
        Span<byte> first = stackalloc byte[Preface.Length];
        first = first[..(int)Math.Min(buffer.Length, first.Length)];
        buffer.Slice(0, first.Length).CopyTo(first);
        bool? found = !Preface.StartsWith(first) ? false
            : first.Length == Preface.Length ? true
            : read.IsCompleted ? false : null;
        input.AdvanceTo(buffer.Start, found is null ? buffer.End : buffer.Start);
        return found;
    }

    /// <summary>Tells Kestrel. Where HTTP/1.1 is spoken as well it asks for TLS and then for ALPN's choice; with that question answered, the connection is without TLS again.</summary>
    private sealed class Announcement(IFeatureCollection features) : ITlsConnectionFeature, ITlsApplicationProtocolFeature
    {
        public ReadOnlyMemory<byte> ApplicationProtocol
        {
            get
            {
                features.Set<ITlsConnectionFeature>(null);
                features.Set<ITlsApplicationProtocolFeature>(null);
                return "h2"u8.ToArray();
            }
        }

        public X509Certificate2? ClientCertificate { get; set; }

        public static void On(IFeatureCollection features)
        {
            var announcement = new Announcement(features);
            features.Set(announcement);
            features.Set<ITlsConnectionFeature>(announcement);
            features.Set<ITlsApplicationProtocolFeature>(announcement);
        }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);
    }
}
