using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;

namespace Dex.UploadServer.Tests.Routing;

public sealed class PathTemplateTests
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";
    private const string Time = "2020-04-11T15:12:30.00000005Z";

    [Theory]
    [InlineData("{{.Nope}}")]
    [InlineData("{{.year}}")]
    [InlineData("{{.YEAR}}")]
    [InlineData("{{.0}}")]
    [InlineData("{{.Year.Month}}")]
    [InlineData("{{..Year}}")]
    [InlineData("{{. Year}}")]
    [InlineData("{{Year}}")]
    [InlineData("{{.}}")]
    [InlineData("{{}}")]
    [InlineData("{{ }}")]
    [InlineData("{{- -}}")]
    [InlineData("{{-}}")]
    [InlineData("{{-.Year}}")]
    [InlineData("{{.Year-}}")]
    [InlineData("{{.Year")]
    [InlineData("{{.Year}")]
    [InlineData("a{{")]
    [InlineData("{{{.Year}}}")]
    [InlineData("{{.Year}}{{")]
    [InlineData("{{if .Year}}x{{end}}")]
    [InlineData("{{range .}}x{{end}}")]
    [InlineData("{{.Year | printf \"%d\"}}")]
    [InlineData("{{printf \"%d\" .Year}}")]
    [InlineData("{{/* comment */}}")]
    [InlineData("{{\"text\"}}")]
    [InlineData("{{.Year,.Month}}")]
    [InlineData("{{ .Year .Month }}")]
    [InlineData("{{.Дата}}")]
    [InlineData("{{.DataStreamId}}")]
    public void Anything_but_fields_and_text_is_refused(string template) =>
        Assert.Throws<FormatException>(() => PathTemplate.Parse(template));

    [Theory]
    [InlineData(null, "2020/04/11/test.txt")]
    [InlineData("", "2020/04/11/test.txt")]
    [InlineData("routine-immunization-zip/{{.Year}}/{{.Month}}/{{.Day}}/{{.Filename}}", "routine-immunization-zip/2020/04/11/test.txt")]
    [InlineData("x/{{.Filename}}_{{.UploadId}}", "x/test_" + Id + ".txt")]
    [InlineData("{{.Hour}}", "15.txt")]
    [InlineData("{{.DataStreamID}}-{{.DataStreamRoute}}", "stream-route.txt")]
    [InlineData("a{{.Prefix}}b{{.Suffix}}c", "abc.txt")]
    [InlineData("{{ .Year }}/{{\t.Month\n}}", "2020/04.txt")]
    [InlineData("a {{- .Year -}} b", "a2020b.txt")]
    [InlineData("a \t\r\n{{- .Year}} b", "a2020 b.txt")]
    [InlineData("a {{.Year -}}\n b", "a 2020b.txt")]
    [InlineData("{{.Year -}} {{- .Month}}", "202004.txt")]
    [InlineData("a}}b", "a}}b.txt")]
    [InlineData("a{b}{{.Year}}", "a{b}2020.txt")]
    [InlineData("only text", "only text.txt")]
    public void A_template_renders(string? template, string expected) =>
        Assert.Equal(expected, PathTemplate.Parse(template).Render(Values("test.txt", Time)));

    [Theory]
    [InlineData("report.csv", "x/report_id.csv")]
    [InlineData("a.tar.gz", "x/a.tar_id.gz")]
    [InlineData(".bashrc", "x/_id.bashrc")]
    [InlineData("name.", "x/name_id.")]
    [InlineData("none", "x/none_id")]
    [InlineData("", "x/_id")]
    [InlineData("dir.d/name", "x/dir.d/name_id")]
    [InlineData("dir.d/name.e", "x/dir.d/name_id.e")]
    [InlineData("a b+c%20.t x", "x/a b+c%20_id.t x")]
    public void The_extension_goes_after_everything(string name, string expected) =>
        Assert.Equal(expected, PathTemplate.Parse("x/{{.Filename}}_id").Render(Values(name, Time)));

    [Theory]
    [InlineData("2025-06-05T14:03:01.482913774Z", "2025/06/05/14")]
    [InlineData("2025-06-05T14:03:01Z", "2025/06/05/14")]
    [InlineData("2025-06-05T23:03:01.5-04:00", "2025/06/05/23")]
    [InlineData("2025-06-05T00:03:01+14:00", "2025/06/05/00")]
    [InlineData("0099-01-02T03:04:05Z", "99/01/02/03")]
    public void Times_show_in_their_own_offset(string time, string expected) =>
        Assert.Equal(expected, PathTemplate.Parse("{{.Year}}/{{.Month}}/{{.Day}}/{{.Hour}}").Render(Values("", time)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("bogus time")]
    [InlineData("2025-06-05")]
    [InlineData("2025-06-05T14:03:01")]
    [InlineData("2025-06-05 14:03:01Z")]
    [InlineData("2025-06-05T14:03:01.Z")]
    [InlineData("2025-06-05T14:03:01.")]
    [InlineData("2025-06-05T14:03:01.12")]
    [InlineData("2025-02-30T14:03:01Z")]
    [InlineData("2025-13-05T14:03:01Z")]
    [InlineData("2025-06-05T25:03:01Z")]
    [InlineData("2025-06-05T14:03:01z")]
    [InlineData("2025-06-05T14:03:01+0400")]
    [InlineData("2025-06-05T14:03:01+25:00")]
    [InlineData("2025-06-05T14:03:01ZZ")]
    [InlineData(" 2025-06-05T14:03:01Z")]
    [InlineData("../../../../../../T14:03:01Z")]
    public void Without_a_readable_ingest_time_there_is_no_path(string? time)
    {
        var template = PathTemplate.Parse("x/{{.Filename}}");

        var refusal = Assert.Throws<FormatException>(() => template.Render(Values("test.txt", time)));

        Assert.Equal("bad ingest timestamp", refusal.Message);
    }

    [Theory]
    [InlineData("a/b/c.txt")]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("a/...")]
    [InlineData("a/..b/.c")]
    [InlineData("日本語/naïve.csv")]
    public void A_plain_path_is_accepted(string path) => Assert.Null(DeliveredPath.Check(path));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/etc/passwd")]
    [InlineData("//host/share")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("a/../x")]
    [InlineData("a/./x")]
    [InlineData("a/..")]
    [InlineData("a\\b")]
    [InlineData("..\\x")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a\rb")]
    [InlineData("a\u007fb")]
    [InlineData("a\u009fb")]
    public void A_path_that_could_leave_its_folder_is_refused(string path) => Assert.NotNull(DeliveredPath.Check(path));

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void A_segment_has_255_bytes_at_most(int length, bool accepted) =>
        Assert.Equal(accepted, DeliveredPath.Check("a/" + new string('x', length)) is null);

    private static PathValues Values(string name, string? time) => new(Id, name, "stream", "route", time);
}
