using System.Text;
using Dex.Bench.Load;

namespace Dex.Services.Bench;

/// <summary>How the generator finds the end of an answer, whoever sent it.</summary>
public sealed class AnswerTests
{
    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\nUpload-Offset: 7\r\n\r\n")]
    [InlineData("HTTP/1.1 201 Created\r\nlocation: /files/a\r\ncontent-length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 201 Created\r\nLocation: /files/a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    public void An_answer_is_complete_with_its_last_byte_and_not_before(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);

        Assert.All(Enumerable.Range(0, bytes.Length), length => Assert.False(Answer.TryRead(bytes.AsSpan(0, length), toHead: false, out _)));
        Assert.True(Answer.TryRead(bytes, toHead: false, out _));
    }

    [Fact]
    public void An_answer_to_HEAD_has_no_body_whatever_it_announces()
    {
        var bytes = "HTTP/1.1 200 OK\r\nUpload-Offset:12\r\nContent-Length: 99\r\n\r\n"u8;

        Assert.True(Answer.TryRead(bytes, toHead: true, out var answer));
        Assert.Equal(12, answer.Offset);
    }

    [Fact]
    public void Header_names_may_have_any_case()
    {
        var bytes = "HTTP/1.1 201 Created\r\nlOCATION:  http://host/files/a\r\nContent-Length: 0\r\n\r\n"u8;

        Assert.True(Answer.TryRead(bytes, toHead: false, out var answer));
        Assert.Equal("http://host/files/a", Encoding.ASCII.GetString(bytes[answer.Location]));
    }
}
