namespace Dex.Tus.Receiving;

/// <summary>Sends 1xx responses, which Kestrel has no public call for. Present on HTTP/1.1 connections with <see cref="TusConnectionExtensions.UseHalfClose"/>.</summary>
internal interface IInterimResponseFeature
{
    /// <summary>Sends a whole head, line ends and blank line included. Only while the final response has not been begun, and by one caller at a time.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> head, CancellationToken cancellationToken);
}
