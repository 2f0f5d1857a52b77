namespace Dex.UploadServer.Storage.S3;

/// <summary>A place where buckets are; equal ones can copy to each other, if the keys allow it.</summary>
/// <param name="Endpoint">Null for AWS itself.</param>
internal sealed record S3Account(Uri? Endpoint, string Region)
{
    /// <summary>For requests of which nothing says in which region.</summary>
    public const string FallbackRegion = "us-east-1";

    /// <summary>Which store this is; within one, objects can be copied whatever the region.</summary>
    public string Store => Endpoint is { } endpoint ? $"S3 {endpoint.AbsoluteUri}" : "S3";

    /// <summary>The address of an object, for reports (spec: delivery.md 9.4).</summary>
    public string AddressOf(string bucket, string key)
    {
        var path = string.Join('/', key.Split('/').Select(Uri.EscapeDataString));
        return Endpoint is { } endpoint
            ? $"{endpoint.AbsoluteUri.TrimEnd('/')}/{bucket}/{path}"
            : $"https://{bucket}.s3.{Region}.amazonaws.com/{path}";
    }
}
