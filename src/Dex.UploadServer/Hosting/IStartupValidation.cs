namespace Dex.UploadServer.Hosting;

/// <summary>Something to check before any service starts and any port is bound.</summary>
internal interface IStartupValidation
{
    /// <summary>Complaints that stop the start, each naming its variable or file and never a secret; none when all is well.</summary>
    /// <exception cref="StartupFailureException">Stops the start with a message of the room's own.</exception>
    IEnumerable<string> FindProblems();
}
