using Dex.Testing;
using static Dex.Services.Hostile.HostileRequest;

namespace Dex.Services.Hostile;

/// <summary>Whole files in one request, and forms, that mean harm (docs/adr/0012; spec: tus.md 20, reliability.md S-1, S-2).</summary>
internal static class HostileOneRequests
{
    private const string BadVersion = "ERR_UNSUPPORTED_VERSION: missing, invalid or unsupported Tus-Resumable header\n";
    private const string BadForm = "ERR_INVALID_FORM: ";
    private const string Refused = "{\"upload_id\":\"";

    public static IEnumerable<HostileRequest> All()
    {
        string[] names = ["..%2f..%2fetc%2fpasswd", "%2e%2e%2fescaped", "a%5c..%5cb", "{id}.info", "{id}.meta", "{id}%2e.progress", "a%0d%0aX-Evil:%201", "a/b", new string('a', 6_000)];
        foreach (var name in names)
            yield return new($"PUT {(name.Length > 100 ? "a name of 6,000 characters" : name)}", Whole($"PUT /files/{name}", [$"Upload-Metadata: {RawRequests.Manifest}"], "hello"), [404], "ERR_UPLOAD_NOT_FOUND: upload not found\n");
        yield return new("PUT on an upload", Whole("PUT /files/{id}", [$"Upload-Metadata: {RawRequests.Manifest}"], "hello"), [412], BadVersion);
        yield return new("PUT without a manifest", Whole("PUT /files/x", [], "hello"), [412], BadVersion);
        yield return new("a whole file with a manifest that is refused", Whole("POST /files", ["Upload-Metadata: data_stream_id"], "hello"), [400], Refused);
        foreach (var name in new[] { "../../escaped", "a\\b", "..", "a%0Ab" })
            yield return new($"a form whose file is {name}", Form(string.Concat(FormFields(but: "received_filename")) + FormFile(name) + "--x--\r\n"), [400], Refused);
        yield return new("a form without a manifest", Form(FormFile("x") + "--x--\r\n"), [400], Refused);
        yield return new("a form without a file", Form(string.Concat(FormFields(but: "")) + "--x--\r\n"), [400], BadForm);
        yield return new("a form without its end", Form(string.Concat(FormFields(but: "")) + FormFile("x")), [400], BadForm);
        yield return new("a form with two files", Form(string.Concat(FormFields(but: "")) + FormFile("x") + FormFile("y") + "--x--\r\n"), [400], BadForm);
        yield return new("a form with a field behind its file", Form(FormFile("x") + string.Concat(FormFields(but: "")) + "--x--\r\n"), [400], Refused);
        yield return new("a form with a thousand and one fields", Form(string.Concat(Enumerable.Range(0, 1_001).Select(n => FormField($"k{n}", ""))) + FormFile("x") + "--x--\r\n"), [413], "ERR_FORM_TOO_LARGE");
        yield return new("a form with a field of 80 KiB", Form(FormField("note", new string('x', 80 * 1024)) + FormFile("x") + "--x--\r\n"), [413], "ERR_FORM_TOO_LARGE");
        yield return new("a form of noise", Form(new string('-', 5_000)), [400], BadForm);
    }

    private static string Whole(string requestLine, string[] headers, string body) =>
        Compose(requestLine, ["Tus-Resumable: -", $"Content-Length: {body.Length}", .. headers], body);

    private static string Form(string body) => Whole("POST /files", ["Content-Type: multipart/form-data; boundary=x"], body);

    private static string FormField(string name, string value) => $"--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n";

    private static string FormFile(string name) => $"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\nhello\r\n";

    private static IEnumerable<string> FormFields(string but) =>
        ServerManifest.For("hostile.bin").Where(pair => pair.Key != but).Select(pair => FormField(pair.Key, pair.Value));
}
