using Dex.UploadServer.Manifests;

namespace Dex.UploadServer.Tests.Manifests;

public sealed class ManifestConfigsTests
{
    private const string Name = "a_b.json";
    private static readonly TimeSpan s_untilRechecked = TimeSpan.FromSeconds(60);
    private readonly Configs _configs = new(("FIELD", "from_environment"), ("BREAKING", "\""));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_config_is_loaded_once_a_minute()
    {
        _configs.Source[Name] = Config("x");

        for (var i = 0; i < 100; i++)
            await FieldAsync();
        _configs.Clock.Advance(s_untilRechecked);
        await FieldAsync();

        Assert.Equal(2, _configs.Source.Loads);
    }

    [Fact]
    public async Task A_change_is_noticed_after_a_minute()
    {
        _configs.Source[Name] = Config("old");
        await FieldAsync();
        _configs.Source[Name] = Config("new");

        var before = await FieldAsync();
        _configs.Clock.Advance(s_untilRechecked);
        var after = await FieldAsync();

        Assert.Equal(("old", "new"), (before, after));
    }

    [Fact]
    public async Task A_removed_config_is_gone_after_a_minute()
    {
        _configs.Source[Name] = Config("x");
        await FieldAsync();
        _configs.Source.Remove(Name);
        _configs.Clock.Advance(s_untilRechecked);

        Assert.Null(await _configs.Cache.FindAsync(Name, Stop));
    }

    [Fact]
    public async Task A_config_that_appears_is_found_at_once()
    {
        Assert.Null(await _configs.Cache.FindAsync(Name, Stop));
        _configs.Source[Name] = Config("x");

        Assert.Equal("x", await FieldAsync());
    }

    [Theory]
    [InlineData("{ broken")]
    [InlineData("[]")]
    public async Task The_last_good_config_outlives_a_broken_one(string broken)
    {
        _configs.Source[Name] = Config("good");
        await FieldAsync();
        _configs.Source[Name] = broken;
        _configs.Clock.Advance(s_untilRechecked);

        var kept = await FieldAsync();
        _configs.Source[Name] = Config("repaired");
        _configs.Clock.Advance(s_untilRechecked);

        Assert.Equal(("good", "repaired"), (kept, await FieldAsync()));
    }

    [Fact]
    public async Task The_last_good_config_outlives_a_source_that_is_away()
    {
        _configs.Source[Name] = Config("good");
        await FieldAsync();
        _configs.Source.Failure = new IOException("away");
        _configs.Clock.Advance(s_untilRechecked);

        Assert.Equal("good", await FieldAsync());
    }

    [Fact]
    public async Task A_broken_config_is_an_error_and_not_remembered()
    {
        _configs.Source[Name] = "{ hunter2";

        var refusal = await Assert.ThrowsAsync<ManifestConfigUnreadableException>(async () => await _configs.Cache.FindAsync(Name, Stop));
        _configs.Source[Name] = Config("x");

        Assert.Equal("manifest config a_b.json is broken: not valid JSON at line 1", refusal.Message);
        Assert.Equal("x", await FieldAsync());
    }

    [Fact]
    public async Task A_source_that_fails_is_an_error_that_shows_no_detail()
    {
        _configs.Source.Failure = new UnauthorizedAccessException("Access to the path '/secret/place' is denied.");

        var refusal = await Assert.ThrowsAsync<ManifestConfigUnreadableException>(async () => await _configs.Cache.FindAsync(Name, Stop));

        Assert.Equal("manifest config a_b.json could not be loaded", refusal.Message);
    }

    [Fact]
    public async Task Requests_for_one_name_share_one_load()
    {
        var gate = new TaskCompletionSource();
        _configs.Source[Name] = Config("x");
        _configs.Source.Gate = gate.Task;

        var requests = Enumerable.Range(0, 50).Select(_ => _configs.Cache.FindAsync(Name, Stop).AsTask()).ToList();
        gate.SetResult();
        await Task.WhenAll(requests);

        Assert.Equal(1, _configs.Source.Loads);
    }

    [Fact]
    public async Task A_client_that_leaves_does_not_end_the_load_for_others()
    {
        var gate = new TaskCompletionSource();
        _configs.Source[Name] = Config("x");
        _configs.Source.Gate = gate.Task;
        using var leaving = new CancellationTokenSource();

        var left = _configs.Cache.FindAsync(Name, leaving.Token).AsTask();
        var stayed = _configs.Cache.FindAsync(Name, Stop).AsTask();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        gate.SetResult();

        Assert.NotNull(await stayed);
    }

    [Fact]
    public async Task A_source_that_hangs_is_given_up_on()
    {
        _configs.Source.Gate = new TaskCompletionSource().Task;

        var request = _configs.Cache.FindAsync(Name, Stop).AsTask();
        while (!request.IsCompleted)
        {
            _configs.Clock.Advance(TimeSpan.FromSeconds(31));
            await Task.WhenAny(request, Task.Delay(10, Stop));
        }

        await Assert.ThrowsAsync<ManifestConfigUnreadableException>(() => request);
    }

    [Fact]
    public async Task Variables_are_put_in_before_the_text_is_parsed()
    {
        _configs.Source[Name] = Config("${FIELD}");

        Assert.Equal("from_environment", await FieldAsync());
    }

    [Fact]
    public async Task A_value_that_breaks_the_text_is_an_error()
    {
        _configs.Source[Name] = Config("$BREAKING");

        await Assert.ThrowsAsync<ManifestConfigUnreadableException>(async () => await _configs.Cache.FindAsync(Name, Stop));
    }

    [Fact]
    public async Task A_byte_order_mark_does_no_harm()
    {
        _configs.Source[Name] = "\uFEFF" + Config("x");

        Assert.Equal("x", await FieldAsync());
    }

    [Fact]
    public async Task The_config_checked_longest_ago_makes_room_for_the_thousand_and_first()
    {
        for (var i = 0; i <= 1_000; i++)
        {
            _configs.Source[$"{i}_x.json"] = Config("x");
            await _configs.Cache.FindAsync($"{i}_x.json", Stop);
            _configs.Clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        await _configs.Cache.FindAsync("1_x.json", Stop);
        Assert.Equal(1_001, _configs.Source.Loads);
        await _configs.Cache.FindAsync("0_x.json", Stop);
        Assert.Equal(1_002, _configs.Source.Loads);
    }

    [Fact]
    public async Task Names_are_looked_up_in_lower_case()
    {
        _configs.Source[Name] = Config("x");

        Assert.NotNull(await _configs.Cache.FindAsync("A_B.json", Stop));
    }

    private async Task<string?> FieldAsync() => (await _configs.Cache.FindAsync(Name, Stop))?.Fields[0].Name;

    private static string Config(string field) => "{\"metadata_config\":{\"fields\":[{\"field_name\":\"" + field + "\"}]}}";
}
