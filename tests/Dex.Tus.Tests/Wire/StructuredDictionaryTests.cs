using Dex.Tus.Wire;

namespace Dex.Tus.Tests.Wire;

/// <summary>RFC 9651, 4.2.2.</summary>
public sealed class StructuredDictionaryTests
{
    [Theory]
    [InlineData("a=1,")]
    [InlineData("a=1 b=2")]
    [InlineData("A=1")]
    [InlineData("a=")]
    [InlineData("a=1;")]
    [InlineData("a=1;B")]
    [InlineData("a=(1 2")]
    [InlineData("a=(1\"x\")")]
    [InlineData("a=(1,2)")]
    [InlineData("a=\"\u00e9\"")]
    [InlineData("a=:AA=")]
    [InlineData("a=?2")]
    [InlineData("a=--1")]
    [InlineData("a=1.2345")]
    [InlineData("a=1234567890123.1")]
    [InlineData("\ta=1")]
    public void What_is_no_dictionary_is_none(string field) => Assert.Null(StructuredDictionary.Read(field));

    [Theory]
    [InlineData("", "")]
    [InlineData("  a  ", "a=?1")]
    [InlineData("a;x;y=\"q\\\"z\" ,\t b=(1 2);p, *c_1-.=tok/en:1", "a=?1|b=(1 2)|*c_1-.=tok/en:1")]
    [InlineData("a=1, b=2, a=3", "a=3|b=2")]
    [InlineData("a=()", "a=()")]
    [InlineData("d=@-17, n=-0.5, s=\"a,b\"", "d=@-17|n=-0.5|s=\"a,b\"")]
    public void Members_are_read_with_their_values_as_they_stand(string field, string members) =>
        Assert.Equal(members, string.Join('|', StructuredDictionary.Read(field)!.Select(member => $"{member.Key}={member.Value}")));

    [Theory]
    [InlineData("::", "")]
    [InlineData(":AQID:", "010203")]
    [InlineData(":AQI:", "0102")]
    [InlineData(":AQI=:", "0102")]
    [InlineData(":A:", null)]
    [InlineData(":", null)]
    [InlineData("AQID", null)]
    [InlineData("\"AQID\"", null)]
    [InlineData(":A=ID:", null)]
    public void Bytes_stand_between_colons(string value, string? hex)
    {
        var bytes = StructuredDictionary.ReadBytes(value);

        Assert.Equal(hex, bytes is null ? null : Convert.ToHexString(bytes));
    }

    [Fact]
    public void No_text_whatever_does_more_than_be_no_dictionary()
    {
        const string Alphabet = "ab*A1-_. \t,;=:\"\\()?@%/+\u00e9\0";
        var random = new Random(9651);

        for (var n = 0; n < 50_000; n++)
        {
            var field = string.Create(random.Next(24), random, static (text, random) =>
            {
                foreach (ref var character in text)
                    character = Alphabet[random.Next(Alphabet.Length)];
            });
            foreach (var member in StructuredDictionary.Read(field) ?? [])
                StructuredDictionary.ReadBytes(member.Value);
        }
    }
}
