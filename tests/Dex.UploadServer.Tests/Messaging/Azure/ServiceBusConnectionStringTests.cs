using Dex.UploadServer.Messaging.Azure;

namespace Dex.UploadServer.Tests.Messaging.Azure;

/// <summary>What operators write into a <c>…_CONNECTION_STRING</c> (spec: config.md 2.6).</summary>
public sealed class ServiceBusConnectionStringTests
{
    private const string Secret = "c2VjcmV0";

    [Theory]
    [InlineData("hello", "needs an Endpoint such as sb://")]
    [InlineData("Endpoint", "needs an Endpoint such as sb://")]
    [InlineData("SharedAccessKeyName=a;SharedAccessKey=" + Secret, "has no Endpoint")]
    [InlineData("Endpoint=sb://a.servicebus.windows.net;" + Secret, "has a part that is not of the form Name=Value")]
    [InlineData("Endpoint=sb://a.servicebus.windows.net;SharedAccessKey=" + Secret, "needs SharedAccessKeyName and SharedAccessKey, both or none")]
    [InlineData("Endpoint=sb://a.servicebus.windows.net;SharedAccessKeyName=a", "needs SharedAccessKeyName and SharedAccessKey, both or none")]
    [InlineData("Endpoint=sb://a.servicebus.windows.net;SharedAccessKeyName=a;SharedAccessKey=" + Secret + ";SharedAccessSignature=" + Secret, "has SharedAccessKey and SharedAccessSignature")]
    [InlineData("Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=" + Secret + ";UseDevelopmentEmulator=true;", "names the local emulator (UseDevelopmentEmulator), which speaks AMQP only")]
    [InlineData("Endpoint=http://a.servicebus.windows.net;SharedAccessKeyName=a;SharedAccessKey=" + Secret, "plain http is for this machine only")]
    [InlineData("Endpoint=ftp://a.servicebus.windows.net;SharedAccessKeyName=a;SharedAccessKey=" + Secret, "needs an Endpoint such as sb://")]
    [InlineData("Endpoint=sb://u:" + Secret + "@a.servicebus.windows.net", "needs an Endpoint such as sb://")]
    [InlineData("Endpoint=sb://a.servicebus.windows.net/queue?x=" + Secret, "needs an Endpoint such as sb://")]
    [InlineData("Endpoint=sb://", "needs an Endpoint such as sb://")]
    public void What_leads_nowhere_is_refused_without_a_secret_in_the_complaint(string text, string complaint)
    {
        Assert.False(ServiceBusConnectionString.TryParse(text, out _, out var problem));

        Assert.Contains(complaint, problem);
        Assert.DoesNotContain(Secret, problem);
    }

    [Theory]
    [InlineData("Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0MTI=")]
    [InlineData(" endpoint = sb://a.servicebus.windows.net ; sharedaccesskeyname = k ; sharedaccesskey = c2VjcmV0MTI= ; TransportType=AmqpWebSockets;")]
    [InlineData("Endpoint=amqps://a.servicebus.windows.net:5671;SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0MTI=;UseDevelopmentEmulator=false")]
    [InlineData("Endpoint=https://a.servicebus.windows.net:443/;SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0MTI=;EntityPath=")]
    public void A_key_is_read_in_every_spelling(string text)
    {
        Assert.True(ServiceBusConnectionString.TryParse(text, out var access, out _));

        Assert.Equal(new Uri("https://a.servicebus.windows.net/"), access.Address);
        Assert.Equal(("k", "c2VjcmV0MTI=", null), (access.KeyName, access.Key, access.EntityPath));
        Assert.False(access.IsByIdentity);
    }

    [Theory]
    [InlineData("sb://a.example:5671", 443)]
    [InlineData("sb://a.example:8443", 8443)]
    [InlineData("http://127.0.0.1:5000", 5000)]
    public void A_port_counts_unless_it_is_one_of_AMQP(string endpoint, int port)
    {
        Assert.True(ServiceBusConnectionString.TryParse($"Endpoint={endpoint}", out var access, out _));

        Assert.Equal(port, access.Address.Port);
    }

    [Theory]
    [InlineData("a.servicebus.windows.net")]
    [InlineData("sb://a.servicebus.windows.net/")]
    [InlineData("Endpoint=sb://a.servicebus.windows.net/")]
    public void A_namespace_alone_is_opened_by_an_identity(string text)
    {
        Assert.True(ServiceBusConnectionString.TryParse(text, out var access, out _));

        Assert.True(access.IsByIdentity);
        Assert.Equal("a.servicebus.windows.net", access.Address.Host);
    }

    [Theory]
    [InlineData("SharedAccessSignature=SharedAccessSignature sr=x&sig=y%3d&se=1&skn=z")]
    [InlineData("SharedAccessSignature=sr=x&sig=y%3d&se=1&skn=z")]
    public void A_signature_is_taken_as_it_is(string part)
    {
        Assert.True(ServiceBusConnectionString.TryParse($"Endpoint=sb://a.servicebus.windows.net;EntityPath=q;{part}", out var access, out _));

        Assert.Equal("SharedAccessSignature sr=x&sig=y%3d&se=1&skn=z", access.Signature);
        Assert.Equal("q", access.EntityPath);
    }
}
