namespace Dex.UploadServer.Health;

/// <summary>The order of services in the answer (spec: http-api.md 6).</summary>
internal static class HealthOrder
{
    /// <summary><c>SNS - …</c>, <c>Event Publishing …</c> of reports.</summary>
    public const int ReportSink = 100;

    /// <summary><c>Event Publishing …</c> of events.</summary>
    public const int EventPublisher = 200;

    /// <summary><c>SQS - …</c>, <c>… Event Subscriber</c>: one entry for each listener worker.</summary>
    public const int Subscriber = 300;

    /// <summary><c>oauth validator …</c>.</summary>
    public const int OAuth = 400;

    /// <summary><c>File Storage</c>, <c>Tus storage</c>, <c>Tus storage S3 Bucket …</c>.</summary>
    public const int UploadStorage = 500;

    /// <summary><c>Redis Locker</c>.</summary>
    public const int Locks = 600;

    /// <summary><c>File Delivery Target …</c>, <c>S3 deliver target …</c>, <c>Azure deliver target …</c>.</summary>
    public const int DeliveryTarget = 700;

    /// <summary><c>File Source</c>, <c>Azure source</c>, <c>S3 source …</c>.</summary>
    public const int DeliverySource = 800;
}

/// <summary>What a healthy service has for an issue; which of the two depends on the service, and is frozen (spec: http-api.md 6).</summary>
internal static class HealthyIssues
{
    public const string NoneReported = "None reported";
    public const string Empty = "";
}
