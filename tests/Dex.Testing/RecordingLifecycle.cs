using System.Collections.Concurrent;
using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;
using Dex.Tus.Wire;

namespace Dex.Testing;

/// <summary>Accepts every creation and remembers each step, for tests of the engine alone.</summary>
public sealed class RecordingLifecycle : IUploadLifecycle
{
    /// <summary>Steps so far, as <c>step id</c>.</summary>
    public ConcurrentQueue<string> Steps { get; } = new();

    /// <summary>Refuses creations while set.</summary>
    public CreationRefusal? Refusal { get; set; }

    /// <summary>Digests that the host finds declared of every upload.</summary>
    public System.Collections.Immutable.ImmutableArray<Dex.Tus.Digests.UploadDigest> Digests { get; set; } = [];

    /// <summary>Thrown by the next finishing step, once.</summary>
    public Exception? FailFinishing { get; set; }

    /// <summary>Uploads remembered as expired.</summary>
    public ConcurrentDictionary<string, bool> Expired { get; } = new(StringComparer.Ordinal);

    /// <summary>Only of uploads of this kind; of any if null.</summary>
    public UploadKind? FailFinishingOf { get; set; }

    /// <summary>How often a step was taken for an upload.</summary>
    public int CountOf(string step, string uploadId) => Steps.Count(taken => taken == $"{step} {uploadId}");

    public ValueTask<CreationDecision> CreatingAsync(CreationRequest request, CancellationToken cancellationToken) =>
        new(Refusal is { } refusal ? CreationDecision.Refuse(refusal) : CreationDecision.Accept(UploadId.Create(), request.Metadata) with { Digests = Digests });

    public ValueTask CreatedAsync(Upload upload, object? state, CancellationToken cancellationToken) => Note("created", upload);

    public ValueTask NotCreatedAsync(object? state, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public void Receiving(Upload upload) => Steps.Enqueue($"receiving {upload.Offset} {upload.Id}");

    public ValueTask ReceivedAsync(Upload upload, CancellationToken cancellationToken) => Note($"received {upload.Offset}", upload);

    public async ValueTask<bool> FinishingAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (FailFinishing is { } error && (FailFinishingOf ?? upload.Kind) == upload.Kind)
        {
            FailFinishing = null;
            throw error;
        }

        await Note("finishing", upload);
        return true;
    }

    public void Unsettled(Upload upload) => Steps.Enqueue($"unsettled {upload.Id}");

    public ValueTask<bool> HasExpiredAsync(string uploadId, CancellationToken cancellationToken) => new(Expired.ContainsKey(uploadId));

    public ValueTask TerminatedAsync(Upload upload, CancellationToken cancellationToken) => Note("terminated", upload);

    private ValueTask Note(string step, Upload upload)
    {
        Steps.Enqueue($"{step} {upload.Id}");
        return ValueTask.CompletedTask;
    }
}
