using FsCheck;
using FsCheck.Fluent;

namespace Dex.UploadServer.Tests.Sequences;

/// <summary>Sequences of steps: how they are drawn, and how one that fails is made shorter.</summary>
internal static class Steps
{
    private const int Longest = 16;

    /// <param name="restarts">How often a server is started anew, in thousandths of all steps.</param>
    public static Arbitrary<Step[]> Sequences(int restarts) => Arb.From(
        from first in Creation
        from count in Gen.Choose(1, Longest)
        from rest in Gen.ListOf(Any(restarts), count)
        select (Step[])[first, .. rest],
        Shorter);

    private static Gen<int> Target => Gen.Choose(0, 5);

    private static Gen<Dialect> AnyDialect => Gen.Frequency(
        (4, Gen.Constant(Dialect.Tus)), (1, Gen.Constant(Dialect.Hybrid)), (5, Gen.Elements(Enum.GetValues<Dialect>())));

    // Most bodies are small; a few do not fit into one read, one segment, or the memory that digests are computed in.
    private static Gen<int> Size => Gen.Frequency(
        (30, Gen.Choose(1, 40)), (6, Gen.Choose(1_000, 20_000)), (2, Gen.Choose(60_000, 200_000)), (1, Gen.Choose(1_048_000, 1_200_000)));

    private static Gen<bool> Chance(int percent) => Gen.Choose(0, 99).Select(drawn => drawn < percent);

    private static Gen<Body> AnyBody(int cuts) =>
        from fill in Gen.Frequency((1, Gen.Constant(Fill.Nothing)), (6, Gen.Constant(Fill.Some)), (3, Gen.Constant(Fill.Rest)), (1, Gen.Constant(Fill.TooMuch)))
        from bytes in Size
        from chunk in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(1, 20)), (1, Gen.Choose(1_000, 70_000)))
        from completes in Chance(30)
        from digest in Gen.Frequency((6, Gen.Constant(Digest.None)), (1, Gen.Elements(Enum.GetValues<Digest>())))
        from isCut in Chance(cuts)
        from ending in Gen.Elements(Ending.HalfClosed, Ending.Reset)
        from cutAt in Gen.Choose(0, 99)
        select new Body(fill, bytes, chunk, completes, digest, isCut ? ending : Ending.Whole, cutAt);

    private static Gen<Step> Creation =>
        from dialect in AnyDialect
        from isDeferred in Chance(35)
        from isEmpty in Chance(5)
        from length in Size
        from isPart in Chance(35)
        from hasBody in Chance(40)
        from body in AnyBody(cuts: 15)
        select (Step)new Create(dialect, isDeferred ? null : isEmpty ? 0 : length * 3, isPart, hasBody ? body : null);

    private static Gen<Append> Appending(int cuts) =>
        from target in Target
        from dialect in AnyDialect
        from shift in Gen.Frequency((9, Gen.Constant(0)), (1, Gen.Elements(-1, 1, 7, 100_000)))
        from length in Gen.Frequency(
            (6, Gen.Constant(LengthSaid.Nothing)), (3, Gen.Constant(LengthSaid.Fitting)), (1, Gen.Constant(LengthSaid.Longer)), (1, Gen.Constant(LengthSaid.TooShort)))
        from body in AnyBody(cuts)
        select new Append(target, dialect, shift, length, body);

    private static Gen<Step> Asking => from target in Target from dialect in AnyDialect select (Step)new Ask(target, dialect);

    private static Gen<Step> Deleting => from target in Target from dialect in AnyDialect select (Step)new Delete(target, dialect);

    private static Gen<Step> Joining =>
        from count in Gen.Choose(1, 4)
        from parts in Gen.ListOf(Target, count)
        select (Step)new Join([.. parts]);

    private static Gen<Step> TakingOver =>
        from target in Target
        from sent in Size
        from meanwhile in Gen.Frequency((3, Asking), (3, Appending(cuts: 0).Select(append => (Step)append)), (1, Deleting))
        select (Step)new TakeOver(target, sent, meanwhile);

    private static Gen<Step> Restarting =>
        from sending in Target
        from isSending in Chance(70)
        from sent in Size
        select (Step)new Restart(isSending ? sending : null, sent);

    private static Gen<Step> Any(int restarts) => Gen.Frequency(
        (150, Creation), (450, Appending(cuts: 30).Select(append => (Step)append)), (120, Asking), (40, Deleting), (90, Joining), (120, TakingOver), (restarts, Restarting));

    // Without its second half, its first half, or one of its steps.
    private static IEnumerable<Step[]> Shorter(Step[] steps)
    {
        if (steps.Length > 3)
        {
            yield return steps[..(steps.Length / 2)];
            yield return steps[(steps.Length / 2)..];
        }

        for (var i = 0; steps.Length > 1 && i < steps.Length; i++)
            yield return [.. steps[..i], .. steps[(i + 1)..]];
    }
}
