using Dex.Bench.Load;

namespace Dex.Bench.Scenarios;

/// <summary>A short exchange that is made again and again.</summary>
internal abstract class SmallOperation
{
    /// <summary>Bytes of the upload that each operation completes; 0 if it completes none.</summary>
    public virtual int Completes => 0;

    /// <summary>Once per connection, before anything is measured.</summary>
    public virtual void Prepare(TusConnection connection)
    {
    }

    /// <summary>Sends the first request.</summary>
    public abstract void Begin(TusConnection connection);

    /// <summary>Checks an answer, and sends the next request if there is one.</summary>
    /// <returns>Whether that was the last answer.</returns>
    public abstract bool Continue(TusConnection connection);
}

/// <summary>POST, then the whole content in one PATCH.</summary>
internal sealed class CreateAndAppend(byte[] content) : SmallOperation
{
    public override int Completes => content.Length;

    public override void Begin(TusConnection connection) => connection.SendCreation(content.Length);

    public override bool Continue(TusConnection connection)
    {
        if (connection.Answer.Status == 201)
        {
            connection.Require(201);
            connection.SendPatch(0, content.Length, content);
            return false;
        }

        connection.RequireOffset(content.Length);
        return true;
    }
}

/// <summary>POST with the whole content.</summary>
internal sealed class CreateWithContent(byte[] content) : SmallOperation
{
    public override int Completes => content.Length;

    public override void Begin(TusConnection connection) => connection.SendCreation(content.Length, content);

    public override bool Continue(TusConnection connection)
    {
        connection.Require(201);
        return true;
    }
}

/// <summary>HEAD of an unfinished upload that is the connection's own.</summary>
internal sealed class AskForOffset(int length) : SmallOperation
{
    public override void Prepare(TusConnection connection)
    {
        connection.SendCreation(length);
        connection.Expect(201);
    }

    public override void Begin(TusConnection connection) => connection.SendHead();

    public override bool Continue(TusConnection connection)
    {
        connection.Require(200);
        return true;
    }
}
