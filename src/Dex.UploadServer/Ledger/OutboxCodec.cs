using System.Buffers.Binary;
using System.Text;

namespace Dex.UploadServer.Ledger;

/// <summary>A batch of messages as one value: for each message its kind and the lengths and bytes of upload id, type and JSON.</summary>
internal static class OutboxCodec
{
    private const int HeaderBytes = 1 + (3 * sizeof(int));

    public static byte[] Encode(IReadOnlyList<OutboxMessage> messages)
    {
        var size = 0;
        foreach (var message in messages)
            size += HeaderBytes + Encoding.UTF8.GetByteCount(message.UploadId) + Encoding.UTF8.GetByteCount(message.Type) + message.Json.Length;

        var bytes = new byte[size];
        var rest = bytes.AsSpan();
        foreach (var message in messages)
        {
            rest[0] = (byte)message.Kind;
            var idLength = Encoding.UTF8.GetBytes(message.UploadId, rest[HeaderBytes..]);
            var typeLength = Encoding.UTF8.GetBytes(message.Type, rest[(HeaderBytes + idLength)..]);
            message.Json.Span.CopyTo(rest[(HeaderBytes + idLength + typeLength)..]);
            BinaryPrimitives.WriteInt32LittleEndian(rest[1..], idLength);
            BinaryPrimitives.WriteInt32LittleEndian(rest[5..], typeLength);
            BinaryPrimitives.WriteInt32LittleEndian(rest[9..], message.Json.Length);
            rest = rest[(HeaderBytes + idLength + typeLength + message.Json.Length)..];
        }

        return bytes;
    }

    public static IReadOnlyList<OutboxMessage> Decode(ReadOnlySpan<byte> rest)
    {
        var messages = new List<OutboxMessage>(2);
        while (!rest.IsEmpty)
        {
            var kind = (MessageKind)rest[0];
            var idLength = BinaryPrimitives.ReadInt32LittleEndian(rest[1..]);
            var typeLength = BinaryPrimitives.ReadInt32LittleEndian(rest[5..]);
            var jsonLength = BinaryPrimitives.ReadInt32LittleEndian(rest[9..]);
            rest = rest[HeaderBytes..];
            var uploadId = Encoding.UTF8.GetString(rest[..idLength]);
            var type = Encoding.UTF8.GetString(rest.Slice(idLength, typeLength));
            var json = rest.Slice(idLength + typeLength, jsonLength).ToArray();
            messages.Add(new OutboxMessage(kind, uploadId, type, json));
            rest = rest[(idLength + typeLength + jsonLength)..];
        }

        return messages;
    }
}
