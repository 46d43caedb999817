import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

/// What `README.md` tells people to do with a message, done.
@Suite(.timeLimit(.minutes(1)))
struct WebhookVerificationTests {
    private static let harness = """

        import json, sys
        given = json.load(sys.stdin)
        body = bytes(given["body"])
        print(is_genuine(given["headers"], body, "shared"), is_genuine(given["headers"], body + b" ", "shared"),
              is_genuine(given["headers"], body, "guess"))
        """

    @Test(arguments: [(Duration.zero, "True False False"), (.seconds(600), "False False False")])
    func `The README's program tells a message that was delivered from others`(age: Duration, verdicts: String)
        async throws
    {
        let repository = (0..<4).reduce(URL(filePath: #filePath)) { path, _ in path.deletingLastPathComponent() }
        let readme = try String(contentsOf: repository.appending(path: "README.md"), encoding: .utf8)
        let program = try #require(readme.firstMatch(of: /(?s)```python\n(.*?)```/)?.1)
        try await StubHTTPServer.serving { server in
            let transfers = TransferClient()
            let destination = WebhookDestination(url: server.url(), signingSecret: "shared", allowsPlainHTTP: true)
            let sent = Timestamp(seconds: Date().timeIntervalSince1970) - age
            let outcome = await ReceiverClient(transfers: transfers)
                .deliver(Example.blockedByForgottenTransaction.delivery, to: .webhook(destination), at: sent)
            await transfers.shutdown()
            #expect(outcome == .delivered)
            let request = try #require(server.requests.first)
            #expect(request.header("Idempotency-Key") == Example.blockedByForgottenTransaction.delivery.id)
            let headers = Dictionary(request.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            let input = try JSONSerialization.data(
                withJSONObject: ["headers": headers, "body": request.body.map(Int.init)])
            let result = try await SystemTool.run(
                [ClientProgram.python, "-c", program + Self.harness], input: Array(input))
            #expect((result.status, result.output) == (0, verdicts + "\n"))
        }
    }
}
