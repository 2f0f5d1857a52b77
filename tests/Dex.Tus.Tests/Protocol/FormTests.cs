using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>A file in an HTML form (docs/adr/0012; RFC 7578), hostile forms first.</summary>
public sealed class FormTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Unreadable = "ERR_INVALID_FORM: a boundary or the head of a part is broken or missing\n";
    private const string NoFile = "ERR_INVALID_FORM: the form has no file\n";
    private const string GoesOn = "ERR_INVALID_FORM: something follows the file: fields come first, then one file\n";
    private const string BadField = "ERR_INVALID_FORM: the name of a field is no manifest key\n";
    private const string NoBoundary = "ERR_INVALID_FORM: the Content-Type of the form has no usable boundary\n";
    private const string TooLarge = "ERR_FORM_TOO_LARGE: the fields of the form have too many keys or too many bytes\n";
    private const string Cut = "ERR_UNEXPECTED_EOF: server expected to receive more bytes\n";

    private static readonly string Field = Part("form-data; name=\"a\"", "b");
    private static readonly string File = Part("form-data; name=\"file\"; filename=\"hello.txt\"\r\nContent-Type: text/plain", "hello");

    public static TheoryData<string, string> Hostile => new()
    {
        { "", Unreadable },
        { "hello", Unreadable },
        { "--y\r\n", Unreadable },
        { "preamble\r\n" + Field + File + "--x--\r\n", Unreadable },
        { "--x--", NoFile },
        { "--x--\r\n", NoFile },
        { Field + "--x--\r\n", NoFile },
        { Part("form-data; name=\"file\"; filename=\"\"\r\nContent-Type: application/octet-stream", "") + "--x--\r\n", NoFile },
        { "--xy\r\n" + File[5..] + "--x--\r\n", Unreadable },
        { "--x\r\n\r\nhello\r\n--x--\r\n", Unreadable },
        { "--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n", Unreadable },
        { Part("attachment; name=\"a\"", "b") + File + "--x--\r\n", Unreadable },
        { Part("form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"", "b") + File + "--x--\r\n", Unreadable },
        { Part("form-data;\r\n name=\"a\"", "b") + File + "--x--\r\n", BadField },
        { Part("form-data", "b") + File + "--x--\r\n", BadField },
        { Part("form-data; name=\"\"", "b") + File + "--x--\r\n", BadField },
        { Part("form-data; name=\"a b\"", "b") + File + "--x--\r\n", BadField },
        { Part("form-data; name=\"a,b\"", "b") + File + "--x--\r\n", BadField },
        { Part("form-data; name=\"a%0D%0Ab\"", "b") + File + "--x--\r\n", BadField },
        { Part("form-data; name=\"\u00c3\u00a4\"", "b") + File + "--x--\r\n", BadField },
        { Field, Unreadable },
        { "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb", Unreadable },
        { "--x\r\nContent-Disposition: form-data; name=\"a\"", Unreadable },
        { Part($"form-data; name=\"a\"\r\nX: {new string('y', 9_000)}", "b") + File + "--x--\r\n", Unreadable },
        { Part("form-data; name=\"a\"", new string('b', 65_537)) + File + "--x--\r\n", TooLarge },
        { Part("form-data; name=\"a\"", new string('b', 40_000)) + Part("form-data; name=\"c\"", new string('b', 40_000)) + File + "--x--\r\n", TooLarge },
        { string.Concat(Enumerable.Range(0, 1_001).Select(n => Part($"form-data; name=\"k{n}\"", "v"))) + File + "--x--\r\n", TooLarge },
        { File, Unreadable },
        { File + "--x", Unreadable },
        { File + "--x-", Unreadable },
        { File[..^2], Unreadable },
        { File + "--y--\r\n", Unreadable },
        { File.Replace("\r\n", "\n", StringComparison.Ordinal) + "--x--\n", Unreadable },
        { File + Field + "--x--\r\n", GoesOn },
        { File + File + "--x--\r\n", GoesOn },
        { File + "--x?\r\n", GoesOn },
        { File + "--x--\r\n" + new string('e', 2_000), GoesOn },
    };

    [Theory, MemberData(nameof(Hostile))]
    public async Task A_form_that_is_none_is_refused_and_leaves_nothing(string form, string error)
    {
        var before = server.Store.Count;

        var whole = await server.RequestAsync(Form(form));
        var chunked = await server.RequestAsync(Form($"{form.Length:x}\r\n{form}\r\n".TrimStart('0', '\r', '\n') + "0\r\n\r\n", "Transfer-Encoding: chunked"));

        Assert.Equal((error.StartsWith("ERR_FORM", StringComparison.Ordinal) ? 413 : 400, error), (whole.Status, whole.Body));
        Assert.Equal((whole.Status, error), (chunked.Status, chunked.Body));
        Assert.Null(whole.Header("Location"));
        Assert.Equal(before, server.Store.Count);
        Assert.Equal(0, server.Locker.Count);
    }

    [Theory]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=")]
    [InlineData("multipart/form-data; boundary=\"\"")]
    [InlineData("multipart/form-data; boundary=\"a\tb\"")]
    [InlineData("multipart/form-data; boundary=\"a \"")]
    [InlineData("multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901")]
    public async Task A_form_without_a_usable_boundary_is_refused(string contentType)
    {
        var answer = await server.RequestAsync(OneRequestTests.Plain("POST /files", File + "--x--\r\n", $"Content-Type: {contentType}"));

        Assert.Equal((400, NoBoundary), (answer.Status, answer.Body));
    }

    [Theory]
    [InlineData("--x\r\nContent-Dispo", false)]
    [InlineData("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb", false)]
    [InlineData("--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"g\"\r\n\r\nhello", true)]
    [InlineData("--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"g\"\r\n\r\nhello\r\n--x", true)]
    [InlineData("--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"g\"\r\n\r\nhello\r\n--x--\r\n", true)]
    [Rule("BR2")]
    public async Task BR2_a_form_that_is_cut_never_completes(string form, bool hasFile)
    {
        foreach (var framing in (string[])["Content-Length: 1000", "Transfer-Encoding: chunked"])
        {
            using var connection = await RawConnection.OpenAsync(server.Port);

            await connection.SendAsync(Form(framing.StartsWith('C') ? form : $"{form.Length:x}\r\n{form}\r\n", framing));
            connection.EndSending();
            var answer = await connection.ReadAnswerAsync();

            Assert.Equal((400, Cut, "close"), (answer!.Status, answer.Body, answer.Header("Connection")));
            Assert.Equal(hasFile, answer.Header("Location") is not null);
            if (!hasFile)
                continue;
            var head = await server.TusAsync("HEAD", "/files/" + answer.Header("Location")![^36..]);
            Assert.Equal(("5", "1"), (head.Header("Upload-Offset"), head.Header("Upload-Defer-Length")));
            Assert.Equal(0, server.Lifecycle.CountOf("finishing", answer.Header("Location")![^36..]));
        }
    }

    [Fact]
    public async Task Wherever_a_form_is_cut_it_does_not_complete_and_holds_no_byte_that_is_not_the_files()
    {
        var form = Field + Part("form-data; name=\"file\"; filename=\"g\"", "he\r\n--llo\r\n-") + "--x--\r\n";
        for (var length = 1; length < form.Length; length += 3)
        {
            using var connection = await RawConnection.OpenAsync(server.Port);
            await connection.SendAsync(Form(form[..length], $"Content-Length: {form.Length}"));
            connection.EndSending();

            var answer = await connection.ReadAnswerAsync();

            Assert.Equal((400, Cut), (answer!.Status, answer.Body));
            if (answer.Header("Location") is not { } location)
                continue;
            Assert.StartsWith(System.Text.Encoding.ASCII.GetString(server.Store.BytesOf(location[^36..])), "he\r\n--llo\r\n-", StringComparison.Ordinal);
            Assert.Equal(0, server.Lifecycle.CountOf("finishing", location[^36..]));
        }
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("")]
    [InlineData("\r\n")]
    [InlineData("--x--")]
    [InlineData("\r\n--\r\n-x\r\n--")]
    [InlineData("\r\r\n--y\r\n\r\n--")]
    public async Task A_file_comes_through_whatever_is_in_it_and_however_the_form_is_cut_into_pieces(string content)
    {
        var form = Field + Part("form-data; name=\"file\"; filename=\"g\"", content) + "--x--\r\n";

        foreach (var size in (int[])[1, 2, 3, 7, 1_000])
        {
            var chunks = string.Concat(form.Chunk(size).Select(chunk => $"{chunk.Length:x}\r\n{new string(chunk)}\r\n")) + "0\r\n\r\n";
            var answer = await server.RequestAsync(Form(chunks, "Transfer-Encoding: chunked"));

            Assert.Equal(201, answer.Status);
            Assert.Equal(content, System.Text.Encoding.ASCII.GetString(server.Store.BytesOf(answer.Header("Location")![^36..])));
        }
    }

    [Fact]
    public async Task A_form_that_trickles_in_byte_by_byte_comes_through()
    {
        var form = Field + Part("form-data; name=\"file\"; filename=\"g\"", "a\r\n--b\r") + "--x--\r\n";
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(Form("", $"Content-Length: {form.Length}"));
        foreach (var character in form)
            await connection.SendAsync(character.ToString());
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal(201, answer!.Status);
        Assert.Equal("a\r\n--b\r"u8.ToArray(), server.Store.BytesOf(answer.Header("Location")![^36..]));
    }

    [Fact]
    public async Task A_large_file_in_a_form_comes_through_and_the_connection_stays()
    {
        var content = Bodies.Random(3_000_000);
        var form = (Before: Field + "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"g\"\r\n\r\n", After: "\r\n--x--\r\n");
        using var connection = await RawConnection.OpenAsync(server.Port);

        for (var round = 0; round < 2; round++)
        {
            await connection.SendAsync(Form(form.Before, $"Content-Length: {form.Before.Length + content.Length + form.After.Length}"));
            await connection.SendAsync(content);
            await connection.SendAsync(form.After);
            var answer = await connection.ReadAnswerAsync();

            Assert.Equal(201, answer!.Status);
            Assert.True(content.AsSpan().SequenceEqual(server.Store.BytesOf(answer.Header("Location")![^36..])));
        }
    }

    [Theory]
    [InlineData("form-data; name=\"file\"; filename=\"hello.txt\"", "aGVsbG8udHh0")]
    [InlineData("form-data; name=file; filename=hello.txt", "aGVsbG8udHh0")]
    [InlineData("FORM-DATA; filename=\"b\u00c3\u00a4r %22x%22.txt\"", "YsOkciAieCIudHh0")]
    [InlineData("form-data; name=\"file\"; filename=\"x\"; filename*=UTF-8''b%C3%A4r", "YsOkcg==")]
    [InlineData("form-data; name=\"file\"; filename=\"../../x\"", "Li4vLi4veA==")]
    public async Task Fields_are_metadata_and_the_files_name_joins_them_for_the_host_to_judge(string disposition, string name)
    {
        var form = Field + Part("form-data; name=\"note\"", "two\r\nlines") + Part("form-data; name=\"a\"", "last") + Part(disposition, "hello") + "--x--";

        var answer = await server.RequestAsync(Form(form, "Upload-Metadata: first MQ=="));

        Assert.Equal(201, answer.Status);
        var head = await server.TusAsync("HEAD", "/files/" + answer.Header("Location")![^36..]);
        Assert.Equal($"first MQ==,a bGFzdA==,note dHdvDQpsaW5lcw==,filename {name}", head.Header("Upload-Metadata"));
    }

    [Fact]
    [Rule("CR7")]
    public async Task CR7_the_host_decides_before_a_byte_of_the_file_is_there()
    {
        using var connection = await RawConnection.OpenAsync(server.Port);
        server.Lifecycle.Refusal = new Lifecycle.CreationRefusal(400, "text/plain; charset=utf-8", "{\"a\":1}"u8.ToArray());
        var before = server.Store.Count;

        await connection.SendAsync(Form(Field + File[..^7], "Content-Length: 1000000", "Origin: http://localhost:8081"));
        var answer = await connection.ReadAnswerAsync();

        server.Lifecycle.Refusal = null;
        Assert.Equal((400, "{\"a\":1}", "http://localhost:8081"), (answer!.Status, answer.Body, answer.Header("Access-Control-Allow-Origin")));
        Assert.Equal(before, server.Store.Count);
    }

    [Fact]
    public async Task A_browser_is_shown_a_page_that_runs_nothing()
    {
        var answer = await server.RequestAsync(Form(Field + File + "--x--\r\n", "Accept: text/html,application/xhtml+xml,*/*;q=0.8"));

        Assert.Equal((201, "text/html; charset=utf-8"), (answer.Status, answer.Header("Content-Type")));
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", answer.Header("Content-Security-Policy"));
        Assert.Contains($"<code>{answer.Header("Location")![^36..]}</code>: 5 bytes", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("CR3")]
    public async Task CR3_a_file_above_the_maximum_leaves_nothing()
    {
        await using var small = new TusServer(options => options.MaxSize = 4);
        await small.InitializeAsync();

        var announced = await small.RequestAsync(Form(Part("form-data; name=\"f\"; filename=\"g\"", new string('a', 10_000)) + "--x--\r\n"));
        var barely = await small.RequestAsync(Form(File + "--x--\r\n"));
        var fits = await small.RequestAsync(Form(File.Replace("hello\r\n", "hell\r\n", StringComparison.Ordinal) + "--x--\r\n"));

        Assert.Equal((413, "ERR_MAX_SIZE_EXCEEDED: maximum size exceeded\n"), (announced.Status, announced.Body));
        Assert.Equal((413, "ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded\n"), (barely.Status, barely.Body));
        Assert.Equal(201, fits.Status);
        Assert.Equal(1, small.Store.Count);
    }

    [Fact]
    [Rule("BR5")]
    public async Task BR5_a_form_that_falls_silent_is_given_up()
    {
        await using var impatient = new TusServer(options => options.ReadTimeout = TimeSpan.FromMilliseconds(200));
        await impatient.InitializeAsync();

        var inFields = await impatient.RequestAsync(Form(Field, "Content-Length: 1000"));
        var inFile = await impatient.RequestAsync(Form(Field + File[..^4], "Content-Length: 1000"));

        Assert.Equal((500, "ERR_READ_TIMEOUT: timeout while reading request body\n"), (inFields.Status, inFields.Body));
        Assert.Equal((500, "ERR_READ_TIMEOUT: timeout while reading request body\n"), (inFile.Status, inFile.Body));
        Assert.Equal(1, impatient.Store.Count);
        Assert.Equal(0, impatient.Locker.Count);
    }

    [Fact]
    [Rule("SH1")]
    public async Task SH1_a_stop_ends_a_form_that_is_still_in_its_fields()
    {
        await using var stopping = new TusServer();
        await stopping.InitializeAsync();
        using var connection = await RawConnection.OpenAsync(stopping.Port);
        await connection.SendAsync(Form("", "Content-Length: 1000", "Expect: 100-continue"));
        Assert.Equal(100, (await connection.ReadAnswerAsync())!.Status);

        var stopped = stopping.StopAsync();
        var answer = await connection.ReadAnswerAsync();
        await stopped;

        Assert.Equal((503, "ERR_SERVER_SHUTDOWN: request has been interrupted because the server is shutting down\n"), (answer!.Status, answer.Body));
    }

    private static string Part(string disposition, string content) => $"--x\r\nContent-Disposition: {disposition}\r\n\r\n{content}\r\n";

    private static string Form(string body, params string[] headers) =>
        OneRequestTests.Plain("POST /files", body, ["Content-Type: multipart/form-data; boundary=x", .. headers]);
}
