using Dex.Tus.Receiving;

namespace Dex.Tus.Dialects.Forms;

/// <summary>The end of input as the reader of a form's file hears of it: it begins in the middle of a body, where no chunks begin.</summary>
internal sealed class FormInputEnd : IInputEndFeature
{
    private readonly IInputEndFeature _body;

    private FormInputEnd(IInputEndFeature body) => _body = body;

    public static FormInputEnd? Of(IInputEndFeature? body) => body is null ? null : new FormInputEnd(body);

    public void FollowChunks()
    {
        // Followed from the first byte of the form on, if there are any.
    }

    public void EndInput() => _body.EndInput();

    public IDisposable Listen(Action onInputEnded) => _body.Listen(onInputEnded);
}
