import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperWeb
import Testing

struct MetricsEndpointTests {
    private static let snapshot: MetricsSnapshot = {
        var builder = MetricsBuilder()
        for target in 0..<20 {
            builder.set(MetricCatalog.up, .init(target: "target-\(target) é \"\\"), to: true)
        }
        return builder.snapshot()
    }()

    private static func agent() async -> StubAgent {
        let agent = StubAgent()
        await agent.change { $0.snapshot = Self.snapshot }
        return agent
    }

    @Test func theFormatIsNegotiated() async throws {
        try await withServer(await Self.agent()) { address in
            let plain = try await address.get("/metrics")
            #expect(plain.status == 200)
            #expect(plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(plain.body == PrometheusText.render(Self.snapshot))
            let open = try await address.get(
                "/metrics", ["Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4"])
            #expect(open.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(open.body == OpenMetricsText.render(Self.snapshot))
            #expect(open.headers["vary"] == "Accept, Accept-Encoding")
        }
    }

    @Test func whatIsCompressedReadsBackTheSameByteForByte() async throws {
        try await withServer(await Self.agent()) { address in
            let answer = try await address.get("/metrics", ["Accept-Encoding": "gzip"])
            #expect(answer.headers["content-encoding"] == "gzip")
            #expect(answer.headers["content-length"] == "\(answer.body.count)")
            let plain = PrometheusText.render(Self.snapshot)
            #expect(answer.body.count < plain.count / 2)
            #expect(try Self.gunzipped(answer.body) == plain)
        }
    }

    @Test(arguments: ["", "identity", "gzip;q=0", "br"])
    func nothingIsCompressedUnlessAsked(header: String) async throws {
        try await withServer(await Self.agent()) { address in
            let answer = try await address.get("/metrics", ["Accept-Encoding": header])
            #expect(answer.headers["content-encoding"] == nil)
            #expect(answer.headers["content-length"] == "\(answer.body.count)")
            #expect(answer.body == PrometheusText.render(Self.snapshot))
        }
    }

    @Test(arguments: ["identity", "gzip"])
    func headHasTheHeadersOfGetAndNoBody(coding: String) async throws {
        try await withServer(await Self.agent()) { address in
            var head = try await address.request("HEAD", "/metrics", ["Accept-Encoding": coding])
            var get = try await address.get("/metrics", ["Accept-Encoding": coding])
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            (head.headers["date"], get.headers["date"]) = (nil, nil)
            #expect(head.headers == get.headers)
        }
    }

    @Test func scrapesAreAnsweredWhileTheHistoryIsSlow() async throws {
        let agent = StubAgent(gate: Gate())
        await agent.change { $0.snapshot = Self.snapshot }
        try await withServer(agent) { address in
            try await withThrowingTaskGroup(of: HTTPAnswer.self) { group in
                for _ in 0..<20 { group.addTask { try await address.get("/api/v1/migrations") } }
                await agent.gate.hasWaiting(20)
                let plain = PrometheusText.render(Self.snapshot)
                let scrapes = try await withThrowingTaskGroup(of: HTTPAnswer.self) { scrapes in
                    for _ in 0..<50 { scrapes.addTask { try await address.get("/metrics") } }
                    return try await scrapes.reduce(into: []) { $0.append($1) }
                }
                #expect(scrapes.count == 50)
                #expect(scrapes.allSatisfy { $0.body == plain })
                await agent.gate.open()
                for try await answer in group { #expect(answer.status == 200) }
            }
        }
    }

    @Test func oneConnectionServesManyScrapes() async throws {
        try await withServer(await Self.agent()) { address in
            let scrape = "GET /metrics HTTP/1.1\r\nHost: test\r\n"
            let bytes = try await address.exchange(
                String(repeating: scrape + "\r\n", count: 3) + scrape + "Connection: close\r\n\r\n")
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 5)
            #expect(text.components(separatedBy: "# TYPE lockkeeper_up gauge").count == 5)
        }
    }

    private static func gunzipped(_ bytes: [UInt8]) throws -> [UInt8] {
        let result = try SystemTool.wait(for: ["gzip", "-dc"], input: bytes)
        #expect(result.status == 0)
        return result.bytes
    }
}
