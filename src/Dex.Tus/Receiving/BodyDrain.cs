using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dex.Tus.Receiving;

/// <summary>Reads and drops the rest of a body after an early answer, so that the answer is not lost to a TCP reset (spec: tus.md H7).</summary>
internal static class BodyDrain
{
    /// <summary>Sends the answer, then reads on for a bounded time. A body nobody has asked for (Expect) is not waited for.</summary>
    public static async ValueTask RunAsync(HttpContext http, TimeSpan limit, TimeProvider clock, CancellationToken stopping)
    {
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true } || http.Request.Headers.Expect.Count > 0)
            return;

        await http.Response.CompleteAsync();
        using var patience = new CancellationTokenSource(limit, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping, http.RequestAborted);
        var reader = http.Request.BodyReader;
        await using var cancel = ending.Token.UnsafeRegister(static reader => ((System.IO.Pipelines.PipeReader)reader!).CancelPendingRead(), reader);
        try
        {
            while (!ending.IsCancellationRequested)
            {
                var read = await reader.ReadAsync(CancellationToken.None);
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return;
            }

            http.Abort();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The client has left, or what it sends is no body: nothing more to drop, nor to keep the connection for.
            http.Abort();
        }
    }
}
