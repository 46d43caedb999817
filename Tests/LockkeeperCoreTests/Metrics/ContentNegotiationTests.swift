import LockkeeperCore
import Testing

struct ContentNegotiationTests {
    @Test(
        arguments: [
            (nil, .prometheusText),
            ("", .prometheusText),
            ("*/*", .prometheusText),
            ("text/*", .prometheusText),
            ("text/plain", .prometheusText),
            ("text/plain;version=0.0.4", .prometheusText),
            ("application/*", .openMetrics),
            ("application/openmetrics-text", .openMetrics),
            ("Application/OpenMetrics-Text; Version=1.0.0", .openMetrics),
            ("application/openmetrics-text; version=\"1.0.0\"", .openMetrics),
            ("application/openmetrics-text;version=0.0.1", .openMetricsDraft),
            // Prometheus 2.42, 2.53 and 3.5.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                .openMetrics
            ),
            (
                "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                .openMetrics
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                .openMetrics
            ),
            // With protobuf first, which is not to be had here.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4",
                .prometheusText
            ),
            // A browser.
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", .prometheusText),
            ("text/plain;q=0.5,application/openmetrics-text;q=0.4", .prometheusText),
            ("application/openmetrics-text,text/plain", .openMetrics),
            ("text/plain,application/openmetrics-text", .prometheusText),
            ("application/openmetrics-text;q=0,*/*", .prometheusText),
            ("text/plain;q=0,*/*;q=0.1", .openMetrics),
            ("application/openmetrics-text;version=2.0.0", .prometheusText),
            ("image/png", .prometheusText),
            ("text/plain;q=0", .prometheusText),
            ("application/openmetrics-text;q=2", .prometheusText),
            ("application/openmetrics-text;q=nan", .prometheusText),
            (";;,,=;q", .prometheusText),
            ("x/y;a=\"text/plain,application/openmetrics-text\"", .prometheusText),
        ] as [(String?, ExpositionFormat)])
    func theFormatIsTheOneThatTheClientLikesBest(accept: String?, format: ExpositionFormat) {
        #expect(ContentNegotiation.format(accept: accept) == format)
    }

    @Test(
        arguments: [
            (nil, false), ("", false), ("gzip", true), ("GZIP", true), ("x-gzip", true), ("deflate, gzip;q=0.5", true),
            ("gzip;q=0", false), ("gzip;q=0.0", false), ("*", true), ("*;q=0", false), ("gzip;q=0, *", false),
            ("identity", false), ("br", false), ("gzip;q=0.5, identity;q=1", false), ("identity;q=0.5, gzip;q=1", true),
            ("gzip;q=x", false),
        ] as [(String?, Bool)])
    func theBodyIsCompressedOnlyWhenAsked(header: String?, isWanted: Bool) {
        #expect(ContentNegotiation.acceptsGzip(acceptEncoding: header) == isWanted)
    }
}
