using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Info;

internal static class InfoExtensions
{
    public static IHostApplicationBuilder AddInfo(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<UploadInspector>();
        builder.Services.AddSingleton<InfoEndpoint>();
        return builder;
    }

    /// <summary>Maps <c>/info/{id}</c>, and the same at <c>TUSD_HANDLER_INFO_PATH</c> if that is another path.</summary>
    public static IEndpointConventionBuilder MapInfo(this IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("");
        group.MapTail(RoutePathOptions.FixedInfoPath, AnswerAsync);
        if (SecondPath(endpoints.ServiceProvider) is { } path)
            group.MapTail(path, AnswerAsync);
        return group;
    }

    private static Task AnswerAsync(HttpContext http, string id) => http.RequestServices.GetRequiredService<InfoEndpoint>().HandleAsync(http, id);

    private static string? SecondPath(IServiceProvider services)
    {
        try
        {
            var path = services.GetRequiredService<IOptions<RoutePathOptions>>().Value.InfoPath;
            return path == RoutePathOptions.FixedInfoPath ? null : path;
        }
        catch (OptionsValidationException)
        {
            return null; // told at start, beside all other complaints
        }
    }
}
