using System.Runtime.ExceptionServices;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>One part of a file in memory, on its way to a store.</summary>
/// <param name="Index">From 0.</param>
internal readonly record struct FilledPart(int Index, byte[] Bytes, int Length, uint Crc32C)
{
    public ReadOnlySpan<byte> Span => Bytes.AsSpan(0, Length);
}

/// <summary>Carries a file part by part, several at the same time, in bounded memory.</summary>
internal sealed class PartPump(PartMemory memory, int parallelParts)
{
    /// <summary>Reads every part and has it sent. The first failure ends the others; when this returns, none is under way any more.</summary>
    /// <returns>CRC-32C of all that was read.</returns>
    public async Task<uint> RunAsync(
        SourceFile source, PartPlan plan, Action<int> moved, Func<FilledPart, CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        await using var reader = await PartReader.OpenAsync(source, cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var share = memory.Open(parallelParts);
        var checksums = new uint[plan.Count];
        List<Task> carrying = [];
        ExceptionDispatchInfo? failure = null;
        try
        {
            for (var index = 0; index < plan.Count; index++)
            {
                var buffer = await share.TakeAsync((int)plan.LengthOf(index), ending.Token);
                var reading = reader.ReadAsync(plan.OffsetOf(index), buffer.Bytes.AsMemory(0, (int)plan.LengthOf(index)), moved, ending.Token).AsTask();
                carrying.Add(CarryAsync(index, reading, buffer));
                if (!reader.ReadsAnywhere)
                    await reading;
                carrying.RemoveAll(task => task.IsCompletedSuccessfully);
            }

            await reader.EndAsync(ending.Token);
        }
        catch (Exception error)
        {
            await FailAsync(error);
        }

        await Task.WhenAll(carrying).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        failure?.Throw();
        return Enumerable.Range(0, plan.Count).Aggregate(0u, (crc, index) => Crc32C.Combine(crc, checksums[index], plan.LengthOf(index)));

        async Task CarryAsync(int index, Task reading, PartBuffer buffer)
        {
            using (buffer)
            {
                try
                {
                    await reading;
                    var length = (int)plan.LengthOf(index);
                    checksums[index] = Crc32C.Append(0, buffer.Bytes.AsSpan(0, length));
                    await send(new FilledPart(index, buffer.Bytes, length, checksums[index]), ending.Token);
                }
                catch (Exception error)
                {
                    await FailAsync(error);
                }
            }
        }

        async Task FailAsync(Exception error)
        {
            Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
            await ending.CancelAsync();
        }
    }
}
