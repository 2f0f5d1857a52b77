using System.IO.Pipelines;
using Dex.Tus.Receiving.Http2;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dex.Tus.Receiving;

/// <summary>Reads and drops the rest of a body after an early answer, so that the answer is not lost to a TCP reset (spec: tus.md H7).</summary>
internal static class BodyDrain
{
    // How long the rest is read when the answer closes the connection anyway: long enough for the answer to arrive.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    /// <summary>Sends the answer, reads on for a bounded time, and ends the connection if the body has not ended by then.</summary>
    public static async ValueTask RunAsync(HttpContext http, TimeSpan limit, TimeProvider clock, CancellationToken stopping)
    {
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true } || http.RequestAborted.IsCancellationRequested)
            return;

        var closes = http.Response.Headers.Connection.Count > 0;
        await http.Response.CompleteAsync();
        using var patience = new CancellationTokenSource(closes ? Linger : limit, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, closes ? CancellationToken.None : stopping);
        var input = Http2ConnectionContext.InputEndOf(http);
        try
        {
            if (await ReadToEndAsync(http.Request.BodyReader, input, ending.Token))
                return;
        }
        catch (ConnectionResetException)
        {
            http.Abort(); // Kestrel would read once more and report that as a fault of ours
            return;
        }

        if (input is not null)
            input.EndInput();
        else
            http.Abort();
    }

    private static async ValueTask<bool> ReadToEndAsync(PipeReader reader, IInputEndFeature? input, CancellationToken ending)
    {
        // Kestrel reports a body that ends inside a read as a fault of ours; so the read is canceled first.
        var left = 0;
        using var leaving = input?.Listen(() =>
        {
            Volatile.Write(ref left, 1);
            PendingRead.Stop(reader);
        });
        await using var cancel = ending.UnsafeRegister(static reader => PendingRead.Stop((PipeReader)reader!), reader);
        try
        {
            while (!ending.IsCancellationRequested && Volatile.Read(ref left) == 0)
            {
                var read = await reader.ReadAsync(CancellationToken.None);
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return true;
            }
        }
        catch (Exception error) when (error is not ConnectionResetException and (IOException or OperationCanceledException or InvalidOperationException))
        {
            // The client has left, or what it sends is no body: nothing more to drop, nor to keep the connection for.
        }

        return false;
    }
}
