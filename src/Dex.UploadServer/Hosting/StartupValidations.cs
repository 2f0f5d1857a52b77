namespace Dex.UploadServer.Hosting;

/// <summary>Asks everything that can object to this configuration, so that an operator sees all complaints at once (spec: config.md 6.3).</summary>
internal sealed class StartupValidations(EnvironmentReader environment, IEnumerable<IStartupValidation> validations)
{
    /// <exception cref="StartupFailureException">There is at least one complaint.</exception>
    public void Check()
    {
        var problems = new List<string>();
        StartupFailureException? failure = null;
        foreach (var validation in validations)
        {
            try
            {
                problems.AddRange(validation.FindProblems());
            }
            catch (StartupFailureException own)
            {
                failure ??= own;
            }
        }

        // Only now has every room read its variables.
        problems.InsertRange(0, environment.Problems);
        if (problems.Count == 0)
        {
            if (failure is not null)
                throw failure;
            return;
        }

        if (failure is not null)
            problems.Add(failure.Error);
        throw new StartupFailureException(StartupFailureException.Configuration, string.Join(' ', problems.Distinct()));
    }
}
