using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Info;

internal static class InfoExtensions
{
    /// <summary>The state of uploads.</summary>
    public static IHostApplicationBuilder AddInfo(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<InfoOptions, InfoOptionsValidator>(InfoOptions.Read);
        builder.Services.AddSingleton<IPredecessorReports, ArchivedReports>();
        builder.Services.AddSingleton<UploadInspector>();
        builder.Services.AddSingleton<InfoEndpoint>();
        return builder;
    }

    /// <summary>Maps <c>/info/{id}</c>, and the same at <c>TUSD_HANDLER_INFO_PATH</c> if that is another path.</summary>
    public static IEndpointConventionBuilder MapInfo(this IEndpointRouteBuilder endpoints)
    {
        var endpoint = endpoints.ServiceProvider.GetRequiredService<InfoEndpoint>();
        var group = endpoints.MapGroup("");
        group.MapTail(InfoOptions.UsualPath, endpoint.HandleAsync);
        var path = endpoints.ServiceProvider.GetRequiredService<IOptions<InfoOptions>>().Value.Path;
        if (path != InfoOptions.UsualPath)
            group.MapTail(path, endpoint.HandleAsync);
        return group;
    }
}
