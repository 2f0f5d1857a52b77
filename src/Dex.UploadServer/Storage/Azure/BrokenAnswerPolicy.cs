using Azure.Core;
using Azure.Core.Pipeline;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Ends the reading of an answer that breaks off: the SDK would ask for the rest by itself, five times, each with the whole patience.</summary>
internal sealed class BrokenAnswerPolicy : HttpPipelinePolicy
{
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        ProcessNext(message, pipeline);
        Watch(message);
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await ProcessNextAsync(message, pipeline);
        Watch(message);
    }

    private static void Watch(HttpMessage message)
    {
        if (!message.BufferResponse && message.Response.ContentStream is { } content)
            message.Response.ContentStream = new Answer(content);
    }

    private sealed class Answer(Stream content) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => content.Length;

        public override long Position
        {
            get => content.Position;
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await content.ReadAsync(buffer, cancellationToken);
            }
            catch (IOException broken)
            {
                throw new BrokenAnswerException(broken.Message, broken);
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count)
        {
            try
            {
                return content.Read(buffer, offset, count);
            }
            catch (IOException broken)
            {
                throw new BrokenAnswerException(broken.Message, broken);
            }
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                content.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>An answer ended before its end. No <see cref="IOException"/>: the SDK takes those into its own hands.</summary>
internal sealed class BrokenAnswerException : Exception
{
    public BrokenAnswerException() { }
    public BrokenAnswerException(string message) : base(message) { }
    public BrokenAnswerException(string message, Exception innerException) : base(message, innerException) { }
}
