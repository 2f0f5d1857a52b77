using Dex.Testing;

// Memory, times and a full disk are measured here: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(TestServices))]
