namespace Dex.Bench.Scenarios;

/// <summary>One kind of load.</summary>
internal abstract class Scenario
{
    public abstract string Name { get; }

    public abstract string Description { get; }

    /// <summary>Whether it makes many small files, which are kept in memory: the disk's own moods would show (performance notes, trap 2).</summary>
    public virtual bool HasSmallFiles => false;

    /// <summary>Whether processor time per operation or byte means anything.</summary>
    public virtual bool CountsProcessor => true;

    /// <summary>Whether memory that an earlier round took would spoil the next.</summary>
    public virtual bool WantsFreshServer => false;

    public abstract LoadOutcome Run(LoadJob job);
}
