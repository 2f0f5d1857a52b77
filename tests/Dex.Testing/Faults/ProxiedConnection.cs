using System.IO.Pipelines;
using System.Net.Sockets;

namespace Dex.Testing;

/// <summary>One client's connection through a <see cref="FaultProxy"/>, with one of its own to the server behind: request after request.</summary>
internal sealed class ProxiedConnection(Socket client, Socket server, FaultProxy proxy, CancellationToken cancellationToken)
{
    private readonly NetworkStream _client = new(client);
    private readonly NetworkStream _server = new(server);

    public async Task RunAsync()
    {
        var requests = PipeReader.Create(_client);
        var answers = PipeReader.Create(_server);
        while (await HttpHead.ReadAsync(requests, cancellationToken) is { } head)
        {
            if (!await ExchangeAsync(head, requests, answers))
                break;
        }
    }

    /// <returns>Whether another request may follow.</returns>
    private async Task<bool> ExchangeAsync(HttpHead head, PipeReader requests, PipeReader answers)
    {
        var request = ProxiedRequest.Of(head);
        var fault = proxy.Meet(request);
        await Task.Delay(fault.Delay, cancellationToken);
        if (fault.Kind == FaultKind.ResetBeforeRequest)
            return Reset();
        if (head.Field("Expect") is not null)
            await _client.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancellationToken); // the server's own is left out below
        if (fault.Kind == FaultKind.Hang)
            return await HangAsync(requests);
        if (fault.Kind == FaultKind.Answer)
        {
            await new HttpBody(requests, Stream.Null, long.MaxValue, fault.BytesPerSecond, cancellationToken).PassAsync(head, isAnswer: false);
            return await AnswerAsync(fault.CannedAnswer, request);
        }

        await SendAsync(head, fault, requests);
        return fault.Kind == FaultKind.ResetInRequest ? Reset() : await PassAnswerAsync(request, fault, requests, answers);
    }

    private async Task SendAsync(HttpHead head, Fault fault, PipeReader requests)
    {
        try
        {
            await _server.WriteAsync(head.Raw, cancellationToken);
            var limit = fault.Kind == FaultKind.ResetInRequest ? fault.AfterBytes : long.MaxValue;
            await new HttpBody(requests, _server, limit, fault.BytesPerSecond, cancellationToken).PassAsync(head, isAnswer: false);
        }
        catch (IOException)
        {
            // The server has had enough; what it answered is passed on.
        }
    }

    private async Task<bool> PassAnswerAsync(ProxiedRequest request, Fault fault, PipeReader requests, PipeReader answers)
    {
        HttpHead? answer;
        do
            answer = await HttpHead.ReadAsync(answers, cancellationToken);
        while (answer is { IsInterim: true });
        if (answer is null)
            return Reset();

        var kept = fault.Kind is FaultKind.ResetAfterRequest or FaultKind.AnswerAfterRequest;
        if (!kept)
            await _client.WriteAsync(answer.Raw, cancellationToken);
        var limit = fault.Kind is FaultKind.ResetInAnswer or FaultKind.TruncateAnswer or FaultKind.HangInAnswer ? fault.AfterBytes : long.MaxValue;
        var hasBody = request.Method != "HEAD" && answer.Status is not (204 or 304);
        var whole = !hasBody
            || await new HttpBody(answers, kept ? Stream.Null : _client, limit, fault.BytesPerSecond, cancellationToken).PassAsync(answer, isAnswer: true);
        return fault.Kind switch
        {
            FaultKind.ResetAfterRequest or FaultKind.ResetInAnswer => Reset(),
            FaultKind.AnswerAfterRequest => await AnswerAsync(fault.CannedAnswer, request),
            FaultKind.HangInAnswer => await HangAsync(requests),
            FaultKind.TruncateAnswer => false,
            _ => whole && answer.Field("Connection")?.Equals("close", StringComparison.OrdinalIgnoreCase) != true,
        };
    }

    private async Task<bool> AnswerAsync(CannedAnswer answer, ProxiedRequest request)
    {
        await _client.WriteAsync(answer.Bytes(withBody: request.Method != "HEAD"), cancellationToken);
        return true;
    }

    // Until the client has had enough.
    private async Task<bool> HangAsync(PipeReader requests)
    {
        while (true)
        {
            var read = await requests.ReadAsync(cancellationToken);
            requests.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return false;
        }
    }

    private bool Reset()
    {
        client.LingerState = new LingerOption(true, 0);
        client.Close();
        return false;
    }
}
