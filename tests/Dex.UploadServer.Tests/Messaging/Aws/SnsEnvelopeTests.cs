using Dex.UploadServer.Messaging.Aws;

namespace Dex.UploadServer.Tests.Messaging.Aws;

public sealed class SnsEnvelopeTests
{
    [Theory]
    [InlineData("")]
    [InlineData("\"Notification\"")]
    [InlineData("""["Notification"]""")]
    [InlineData("""{"Type":"Notification","Message":""")]
    [InlineData("""{"Type":"Notification"}""")]
    [InlineData("""{"Type":"Notification","Message":{"type":"FileReady"}}""")]
    [InlineData("""{"Type":"Notification","Message":"\ud800"}""")]
    [InlineData("""{"Type":["Notification"],"Message":"x"}""")]
    [InlineData("""{"type":"FileReady","src_url":"","Metadata":{"Type":"Notification","Message":"x"}}""")]
    public void What_is_in_no_envelope_stays_as_it_is(string body) =>
        Assert.Equal(body, SnsEnvelope.Open(body));

    [Fact]
    public void A_message_comes_out_of_its_envelope() =>
        Assert.Equal("{\"type\":\"FileReady\"}\n", SnsEnvelope.Open("""{"Type":"Notification","MessageId":"1","Message":"{\"type\":\"FileReady\"}\n","SignatureVersion":"1"}"""));
}
