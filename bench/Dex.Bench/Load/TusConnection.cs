using System.Net.Sockets;

namespace Dex.Bench.Load;

/// <summary>One connection to a tus 1.0 server: blocking, one request at a time, nothing allocated per request.</summary>
internal sealed class TusConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Socket _socket;
    private readonly TusTarget _target;
    private readonly RequestText _request = new();
    private readonly byte[] _received = new byte[4 * 1024];
    private readonly byte[] _path = new byte[1024];
    private int _receivedLength;
    private int _pathLength;
    private bool _toHead;

    public TusConnection(TusTarget target)
    {
        _target = target;
        _socket = new Socket(target.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
            SendTimeout = (int)Patience.TotalMilliseconds,
        };
        _socket.Connect(target.EndPoint);
    }

    public int Descriptor => (int)_socket.Handle;

    /// <summary>The last answer that was received whole.</summary>
    public Answer Answer { get; private set; }

    public bool HasUpload => _pathLength > 0;

    /// <summary>The upload made last: the end of its <c>Location</c>.</summary>
    public string UploadId => Answer.Text(UploadPath)[(UploadPath.LastIndexOf((byte)'/') + 1)..];

    private ReadOnlySpan<byte> UploadPath => _path.AsSpan(0, _pathLength);

    public void SendOptions() => Send(_request.Start("OPTIONS "u8, _target.Path).Add(_target.CommonHeaders).Add("\r\n"u8).Bytes);

    /// <summary>Asks for a new upload, with its whole content if <paramref name="body"/> is not empty.</summary>
    public void SendCreation(long length, ReadOnlySpan<byte> body = default)
    {
        _request.Start("POST "u8, _target.Path).Add(_target.CommonHeaders).Add(_target.MetadataHeader).Add("Upload-Length: "u8).Add(length);
        if (!body.IsEmpty)
            _request.Add("\r\nContent-Type: application/offset+octet-stream"u8);
        Send(_request.Add("\r\nContent-Length: "u8).Add(body.Length).Add("\r\n\r\n"u8).Add(body).Bytes);
    }

    /// <summary>Begins to append to the upload made last; <paramref name="sent"/> is the first of the <paramref name="length"/> bytes of the body.</summary>
    public void SendPatch(long offset, long length, ReadOnlySpan<byte> sent = default) =>
        Send(_request.Start("PATCH "u8, UploadPath).Add(_target.CommonHeaders)
            .Add("Content-Type: application/offset+octet-stream\r\nUpload-Offset: "u8).Add(offset)
            .Add("\r\nContent-Length: "u8).Add(length).Add("\r\n\r\n"u8).Add(sent).Bytes);

    /// <summary>Asks for the offset of the upload made last.</summary>
    public void SendHead()
    {
        Send(_request.Start("HEAD "u8, UploadPath).Add(_target.CommonHeaders).Add("\r\n"u8).Bytes);
        _toHead = true;
    }

    /// <summary>Bytes of a body that <see cref="SendPatch"/> began.</summary>
    public void SendRaw(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[_socket.Send(bytes)..];
    }

    /// <summary>A body, or a part of it, from the payload at the upload's own offset.</summary>
    public void SendContent(Payload payload, long offset, long bytes)
    {
        while (bytes > 0)
        {
            var (position, most) = Payload.At(offset, bytes);
            var sent = Kernel.SendFile(Descriptor, payload.Descriptor, position, most);
            offset += sent;
            bytes -= sent;
        }
    }

    /// <summary>Takes what has arrived, or waits for it.</summary>
    /// <returns>Whether the answer is complete; then it is <see cref="Answer"/>.</returns>
    public bool Receive()
    {
        var count = _socket.Receive(_received.AsSpan(_receivedLength));
        _receivedLength += count;
        if (Answer.TryRead(_received.AsSpan(0, _receivedLength), _toHead, out var answer))
        {
            Answer = answer;
            return true;
        }

        return count > 0 ? false : throw new IOException($"The server closed the connection after: {Answer.Text(_received.AsSpan(0, _receivedLength))}");
    }

    /// <summary>Waits for the answer and fails unless it has this status.</summary>
    public void Expect(int status)
    {
        Await();
        Require(status);
    }

    /// <summary>Waits for the answer, whatever it is.</summary>
    public void Await()
    {
        while (!Receive())
        {
        }
    }

    /// <summary>Fails unless the answer has this status; keeps the address of a new upload.</summary>
    public void Require(int status)
    {
        if (Answer.Status != status)
            throw new IOException($"{status} was expected, the answer is: {Answer.Text(_received.AsSpan(0, _receivedLength))}");
        if (status == 201)
            KeepPath(_received.AsSpan(0, _receivedLength)[Answer.Location]);
    }

    /// <summary>Fails unless the answer is 204 with this offset.</summary>
    public void RequireOffset(long offset)
    {
        Require(204);
        if (Answer.Offset != offset)
            throw new IOException($"Upload-Offset {offset} was expected, it is {Answer.Offset}.");
    }

    public void Dispose() => _socket.Dispose();

    private void Send(ReadOnlySpan<byte> request)
    {
        _receivedLength = 0;
        _toHead = false;
        SendRaw(request);
    }

    private void KeepPath(ReadOnlySpan<byte> location)
    {
        var scheme = location.IndexOf("://"u8);
        if (scheme >= 0)
        {
            location = location[(scheme + 3)..];
            location = location[Math.Max(location.IndexOf((byte)'/'), 0)..];
        }

        location.CopyTo(_path);
        _pathLength = location.Length;
    }
}
