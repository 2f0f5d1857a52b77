using Dex.UploadServer.Telemetry;

namespace Dex.UploadServer.Tests.Telemetry;

public sealed class UploadTraceTests
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";

    [Fact]
    public void The_trace_id_is_the_md5_of_the_id_as_written() =>
        Assert.Equal("63d8acb22643e9a2791d7463fb47939b", UploadTrace.TraceIdOf(Id));

    [Theory]
    [InlineData($"/files/{Id}", Id)]
    [InlineData($"/info/{Id}", Id)]
    [InlineData("/files/7F1D0F5E-3c1b-4a58-9d0e-5b0c2a9f6e11", "7F1D0F5E-3c1b-4a58-9d0e-5b0c2a9f6e11")]
    [InlineData("/files/7f1d0f5e3c1b4a589d0e5b0c2a9f6e11", "7f1d0f5e3c1b4a589d0e5b0c2a9f6e11")]
    [InlineData($"/files/{{{Id}}}", $"{{{Id}}}")]
    [InlineData($"/files/urn:uuid:{Id}", $"urn:uuid:{Id}")]
    [InlineData($"/files/{Id}/", null)]
    [InlineData($"/files/{Id}+multipart", null)]
    [InlineData("/files/", null)]
    [InlineData("", null)]
    [InlineData("/files/0x1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11", null)]
    [InlineData("/files/ 7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e1", null)]
    [InlineData("/files/7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e1g", null)]
    [InlineData("/files/7f1d0f5e+3c1b+4a58+9d0e+5b0c2a9f6e11", null)]
    [InlineData("/files/uuid:urn:7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11", null)]
    public void A_path_has_an_upload_id_if_its_last_segment_is_a_uuid(string path, string? expected) =>
        Assert.Equal(expected, UploadTrace.FindUploadId(path));
}
