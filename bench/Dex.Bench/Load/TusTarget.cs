using System.Net;
using System.Text;

namespace Dex.Bench.Load;

/// <summary>A server's upload address, and the parts of a request that never change.</summary>
internal sealed class TusTarget
{
    public TusTarget(Uri url)
    {
        Url = url;
        EndPoint = new IPEndPoint(IPAddress.TryParse(url.Host, out var address) ? address : Dns.GetHostAddresses(url.Host)[0], url.Port);
        Path = Encoding.ASCII.GetBytes(url.AbsolutePath);
        CommonHeaders = Encoding.ASCII.GetBytes($" HTTP/1.1\r\nHost: {url.Authority}\r\nTus-Resumable: 1.0.0\r\n");
    }

    public Uri Url { get; }

    public IPEndPoint EndPoint { get; }

    public byte[] Path { get; }

    public byte[] CommonHeaders { get; }

    /// <summary>A manifest that the server's sample config accepts; a plain tus server keeps it as it is.</summary>
    public static string Metadata { get; } = string.Join(',', new Dictionary<string, string>
    {
        ["sender_id"] = "test sender",
        ["data_producer_id"] = "test-producer-id",
        ["jurisdiction"] = "test-jurisdiction",
        ["received_filename"] = "bench.bin",
        ["data_stream_id"] = "dextesting",
        ["data_stream_route"] = "testevent1",
    }.Select(pair => $"{pair.Key} {Convert.ToBase64String(Encoding.ASCII.GetBytes(pair.Value))}"));

    public byte[] MetadataHeader { get; } = Encoding.ASCII.GetBytes($"Upload-Metadata: {Metadata}\r\n");
}
