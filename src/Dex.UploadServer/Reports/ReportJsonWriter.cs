using System.Collections.Immutable;
using System.Text.Json;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Manifests;

namespace Dex.UploadServer.Reports;

/// <summary>Writes a report as JSON, key by key in the order that readers know (spec: reports-and-events.md 2).</summary>
internal sealed class ReportJsonWriter
{
    private const string SchemaVersion = "1.0.0";

    private readonly Utf8JsonWriter _json;
    private readonly Report _report;
    private readonly string _version;
    private readonly bool _hideValues;

    private ReportJsonWriter(Utf8JsonWriter json, Report report, string version, bool hideValues)
    {
        _json = json;
        _report = report;
        _version = version;
        _hideValues = hideValues;
    }

    /// <param name="json">Where to.</param>
    /// <param name="report">What to write.</param>
    /// <param name="version">This build, as <c>stage_info.version</c>.</param>
    /// <param name="hideValues">For the log: manifest values are replaced.</param>
    public static void Write(Utf8JsonWriter json, Report report, string version, bool hideValues) =>
        new ReportJsonWriter(json, report, version, hideValues).WriteReport();

    public void Text(string name, string value) => _json.WriteString(name, value);

    public void Number(string name, long value) => _json.WriteNumber(name, value);

    /// <summary>The name the sender gave the file.</summary>
    public void FileName(string name)
    {
        var fileName = ManifestKeys.FileNameOf(_report.Manifest);
        _json.WriteString(name, _hideValues ? ReportRedaction.Hide(fileName) : fileName);
    }

    /// <summary>Where a file is, its name included.</summary>
    public void Location(string name, string location) =>
        _json.WriteString(name, _hideValues ? ReportRedaction.Hide(location) : location);

    /// <summary>The whole manifest.</summary>
    public void Manifest(string name)
    {
        _json.WriteStartObject(name);
        foreach (var (key, value) in _report.Manifest)
            _json.WriteString(key, _hideValues && !ReportRedaction.MayShow(key) ? ReportRedaction.Hide(value) : value);
        _json.WriteEndObject();
    }

    /// <summary>What was added to the manifest, each an action, a field and a value.</summary>
    public void Transforms(string name, ImmutableArray<(string Action, string Field, string Value)> transforms)
    {
        _json.WriteStartArray(name);
        foreach (var (action, field, value) in transforms)
        {
            _json.WriteStartObject();
            _json.WriteString("action"u8, action);
            _json.WriteString("field"u8, field);
            _json.WriteString("value"u8, value);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteReport()
    {
        _json.WriteStartObject();
        _json.WriteString("report_schema_version"u8, SchemaVersion);
        _json.WriteString("upload_id"u8, _report.UploadId);
        ManifestText("sender_id", ManifestKeys.SenderId);
        ManifestText("data_stream_id", ManifestKeys.DataStreamId);
        ManifestText("data_stream_route", ManifestKeys.DataStreamRoute);
        ManifestText("jurisdiction", ManifestKeys.Jurisdiction);
        ManifestText("dex_ingest_datetime", ManifestKeys.IngestedAt);
        _json.WriteString("content_type"u8, "application/json"u8);
        _json.WriteString("disposition_type"u8, _report.Replaces ? "replace"u8 : "add"u8);
        WriteStage();
        WriteContent();
        _json.WriteEndObject();
    }

    private void ManifestText(string name, string key)
    {
        var value = _report.Manifest.GetValueOrDefault(key, "");
        _json.WriteString(name, _hideValues && !ReportRedaction.MayShow(key) ? ReportRedaction.Hide(value) : value);
    }

    private void WriteStage()
    {
        _json.WriteStartObject("stage_info"u8);
        _json.WriteString("service"u8, "UPLOAD API"u8);
        _json.WriteString("action"u8, _report.Type);
        _json.WriteString("version"u8, _version);
        _json.WriteString("status"u8, _report.Succeeded ? "SUCCESS"u8 : "FAILURE"u8);
        WriteIssues();
        Span<byte> time = stackalloc byte[WireTime.MaxBytes];
        _json.WriteString("start_processing_time"u8, time[..WireTime.Format(_report.StartedAt.ToUniversalTime(), time)]);
        _json.WriteString("end_processing_time"u8, time[..WireTime.Format(_report.EndedAt.ToUniversalTime(), time)]);
        _json.WriteEndObject();
    }

    private void WriteIssues()
    {
        if (_report.Issues.IsDefaultOrEmpty)
        {
            _json.WriteNull("issues"u8);
            return;
        }

        _json.WriteStartArray("issues"u8);
        foreach (var issue in _report.Issues)
        {
            _json.WriteStartObject();
            _json.WriteString("level"u8, issue.Level);
            _json.WriteString("message"u8, _hideValues ? _report.HideInIssue(issue.Message) : issue.Message);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteContent()
    {
        _json.WriteStartObject("content"u8);
        _json.WriteString("content_schema_name"u8, _report.Type);
        _json.WriteString("content_schema_version"u8, SchemaVersion);
        _report.WriteContent(this);
        _json.WriteEndObject();
    }
}
