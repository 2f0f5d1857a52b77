using System.IO.Pipelines;
using System.Text;
using Dex.Tus.Dialects.Forms;
using Dex.Tus.Receiving;

namespace Dex.Tus.Tests.Receiving;

/// <summary>The file of a form, cut into pieces at random and full of what looks like a boundary.</summary>
public sealed class FormFileReaderTests
{
    private const string Delimiter = "\r\n--x-x";

    [Fact]
    public async Task The_content_ends_at_the_first_boundary_however_the_form_arrives()
    {
        var random = new Random(12);
        var completed = 0;
        for (var round = 0; round < 5_000; round++)
        {
            var form = RandomForm(random);
            var expected = form.Split(Delimiter)[0];

            var (content, end, problem) = await ReadAsync(form, random);

            var ends = form.IndexOf(Delimiter, StringComparison.Ordinal) is >= 0 and var at && form[(at + Delimiter.Length)..].StartsWith("--", StringComparison.Ordinal);
            Assert.Equal(ends ? BodyEnd.Complete : BodyEnd.CutShort, end);
            Assert.Equal(ends, problem is null);
            if (form.Contains(Delimiter, StringComparison.Ordinal))
                Assert.Equal(expected, content);
            else
                Assert.StartsWith(content, form, StringComparison.Ordinal);
            completed += ends ? 1 : 0;
        }

        Assert.InRange(completed, 1_000, 4_500);
    }

    private static string RandomForm(Random random)
    {
        string[] pieces = ["\r", "\n", "-", "x", "\r\n", "\r\n--", "\r\n--x", "\r\n--x-", "content", Delimiter];
        var content = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length - (random.Next(8) == 0 ? 0 : 1))]));
        return content + random.Next(4) switch { 0 => "", 1 => Delimiter + "--", _ => Delimiter + "--\r\n" };
    }

    private static async Task<(string Content, BodyEnd End, TusError? Problem)> ReadAsync(string form, Random random)
    {
        var pipe = new Pipe(new PipeOptions(minimumSegmentSize: 1, pauseWriterThreshold: 0));
        var reader = new FormFileReader(pipe.Reader, FormBoundary.Of("multipart/form-data; boundary=x-x")!);
        using var body = new IncomingBody(reader, long.MaxValue, null, TimeSpan.FromSeconds(60), TimeProvider.System);
        var content = new StringBuilder();
        var reading = Task.Run(async () =>
        {
            while (await body.ReadAsync() is { IsEmpty: false } bytes)
            {
                var taken = bytes.Slice(0, 1 + (bytes.Length / 2));
                content.Append(Encoding.ASCII.GetString(taken));
                body.Advance(taken.Length);
            }
        });
        for (var sent = 0; sent < form.Length;)
        {
            var size = Math.Min(random.Next(1, 9), form.Length - sent);
            await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(form, sent, size));
            sent += size;
        }

        await pipe.Writer.CompleteAsync();
        await reading;
        return (content.ToString(), body.End, reader.Problem);
    }
}
