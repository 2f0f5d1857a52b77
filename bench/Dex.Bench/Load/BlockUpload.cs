using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Dex.Bench.Load;

/// <summary>Uploads a payload in one PATCH, a mebibyte at a time, so that the sender is not what is measured.</summary>
internal abstract class BlockUpload : IDisposable
{
    protected const int BlockBytes = 1 << 20;

    private readonly TcpClient _client;

    /// <param name="upload">The upload's address; of https the certificate is not looked at.</param>
    /// <param name="protocol">What is spoken.</param>
    protected BlockUpload(Uri upload, SslApplicationProtocol protocol)
    {
        Upload = upload;
        _client = new TcpClient(upload.Host, upload.Port) { NoDelay = true };
        Stream = _client.GetStream();
        if (upload.Scheme != Uri.UriSchemeHttps)
            return;
        var secure = new SslStream(Stream);
        secure.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = upload.Host,
            ApplicationProtocols = [protocol],
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
        });
        if (secure.NegotiatedApplicationProtocol != protocol)
            throw new InvalidDataException($"The server speaks no {protocol}.");
        Stream = secure;
    }

    protected Uri Upload { get; }

    protected Stream Stream { get; }

    /// <summary>Sends the payload's first <paramref name="length"/> bytes and fails unless the answer is 204.</summary>
    /// <returns>From the first byte of the request to the answer.</returns>
    public TimeSpan Send(Payload payload, long length)
    {
        var since = Stopwatch.GetTimestamp();
        SendHead(length);
        SendBody(payload, length);
        ExpectNoContent();
        return Stopwatch.GetElapsedTime(since);
    }

    public void Dispose()
    {
        Stream.Dispose();
        _client.Dispose();
    }

    protected abstract void SendHead(long length);

    protected abstract void SendBody(Payload payload, long length);

    protected abstract void ExpectNoContent();

    /// <summary>The headers that are the same in every protocol.</summary>
    protected static IEnumerable<(string Name, string Value)> Headers(long length) =>
    [
        ("tus-resumable", "1.0.0"), ("upload-offset", "0"), ("content-type", "application/offset+octet-stream"),
        ("content-length", length.ToString(CultureInfo.InvariantCulture)),
    ];
}

/// <inheritdoc/>
internal sealed class Http1Upload(Uri upload) : BlockUpload(upload, SslApplicationProtocol.Http11)
{
    protected override void SendHead(long length)
    {
        var headers = string.Concat(Headers(length).Select(header => $"{header.Name}: {header.Value}\r\n"));
        Stream.Write(Encoding.ASCII.GetBytes($"PATCH {Upload.AbsolutePath} HTTP/1.1\r\nhost: {Upload.Authority}\r\n{headers}\r\n"));
    }

    protected override void SendBody(Payload payload, long length)
    {
        var block = new byte[BlockBytes];
        for (long offset = 0, bytes; offset < length; offset += bytes)
        {
            bytes = Math.Min(block.Length, length - offset);
            payload.Read(block.AsSpan(0, (int)bytes), offset);
            Stream.Write(block.AsSpan(0, (int)bytes));
        }
    }

    protected override void ExpectNoContent()
    {
        var received = new byte[4 * 1024];
        var count = 0;
        while (true)
        {
            var read = Stream.Read(received.AsSpan(count));
            count += read;
            if (Answer.TryRead(received.AsSpan(0, count), toHead: false, out var answer) && answer.Status == 204)
                return;
            if (read == 0 || answer.Status > 0)
                throw new InvalidDataException($"204 was expected: {Answer.Text(received.AsSpan(0, count))}");
        }
    }
}
