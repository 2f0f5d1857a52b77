namespace Dex.Tus.Lifecycle;

/// <summary>Says why an upload is not there: never was, or has expired and was removed (spec: tus.md EX2).</summary>
internal sealed class MissingUploads(UploadExpiration expiration, IUploadLifecycle lifecycle)
{
    public async ValueTask<TusError> ExplainAsync(string uploadId, CancellationToken cancellationToken) =>
        expiration.IsOn && await lifecycle.HasExpiredAsync(uploadId, cancellationToken) ? TusErrors.UploadExpired : TusErrors.UploadNotFound;
}
