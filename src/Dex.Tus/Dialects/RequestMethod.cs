using Microsoft.AspNetCore.Http;

namespace Dex.Tus.Dialects;

/// <summary>The method a request means (spec: tus.md R5, reliability.md S-8).</summary>
public static class RequestMethod
{
    /// <summary>The real method, or what <c>X-HTTP-Method-Override</c> says. <c>OPTIONS</c> stays itself: it is let through without a token.</summary>
    public static string Of(HttpRequest request)
    {
        var overridden = request.Headers[TusHeaders.MethodOverride];
        if (overridden.Count == 1 && overridden[0] is { Length: > 0 } method && !HttpMethods.IsOptions(request.Method))
            return HttpMethods.GetCanonicalizedValue(method.Trim());
        return request.Method;
    }
}
