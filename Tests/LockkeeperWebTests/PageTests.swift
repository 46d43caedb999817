import Foundation
import LockkeeperCore
import LockkeeperWeb
import Testing

struct PageTests {
    @Test func thePageObeysOnlyItsOwnStyleAndScript() async throws {
        try await withServer(StubAgent()) { address in
            let (first, second) = (try await address.get("/"), try await address.get("/"))
            #expect(first.headers["content-type"] == "text/html; charset=utf-8")
            let policy = try #require(first.headers["content-security-policy"])
            let nonce = try #require(policy.firstMatch(of: /script-src 'nonce-([0-9a-f]{32})'/)).1
            #expect(policy.contains("style-src 'nonce-\(nonce)'"))
            #expect(!policy.contains("unsafe"))
            #expect(first.text.components(separatedBy: "nonce=\"\(nonce)\"").count == 3)
            #expect(first.text.matches(of: /<(script|style)\b/).count == 2)
            #expect(second.headers["content-security-policy"] != policy, "each answer has a nonce of its own")
        }
    }

    @Test func thePageNeedsNothingFromElsewhere() async throws {
        try await withServer(StubAgent()) { address in
            let text = try await address.get("/").text
            let addresses = text.matches(of: /https?:\/\/[^'"\s)]+/).map { String($0.0) }
            #expect(addresses == ["http://www.w3.org/2000/svg"], "the namespace of the icon")
            #expect(text.firstMatch(of: /\s(src|onclick|onload|style)=/) == nil)
            #expect(!text.contains("innerHTML") && !text.contains("eval("))
            for link in text.matches(of: /href="(\/[^"]*)"/).map({ String($0.1) }) {
                #expect(try await address.get(link).status == 200, "\(link)")
            }
        }
    }
}
