import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@Suite(.timeLimit(.minutes(3)))
struct MailTransferTests {
    private static let password = "correct horse battery"

    private func mail(
        _ server: SMTPTestServer, to recipients: [String] = ["ops@example.org"],
        security: MailRequest.Security = .none, headers: HeaderFields = ["Subject": "Hello"], text: String = "Hello\n",
        html: String? = nil
    ) throws -> MailRequest {
        MailRequest(
            server: "smtp://127.0.0.1:\(server.port)", security: security, from: try MailAddress("lock@example.org"),
            recipients: try recipients.map { try MailAddress($0) }, headers: headers, text: text, html: html,
            totalTimeout: .seconds(20), certificateAuthorityFile: server.certificate?.certificateFile)
    }

    @Test func `A mail arrives with both alternatives, its headers and its envelope`() async throws {
        try await SMTPTestServer.serving { server in
            let receipt = try await withClient {
                try await $0.send(
                    mail(
                        server, to: ["Ops <ops@example.org>", "dev@example.org"],
                        headers: ["Subject": "Migration läuft — 10 min", "Message-ID": "<1@lockkeeper>"],
                        text: "plain ✓\n", html: "<p>rich ✓</p>\n"))
            }
            #expect(receipt.isComplete)
            #expect(receipt.recipients.map(\.address.address) == ["ops@example.org", "dev@example.org"])
            let received = try #require(try await server.waitForMessages(count: 1).first)
            #expect(received.sender == "lock@example.org")
            #expect(received.recipients == ["ops@example.org", "dev@example.org"])
            #expect(received.header("Subject") == "Migration läuft — 10 min")
            #expect(received.header("Message-ID") == "<1@lockkeeper>")
            #expect(received.header("From") == "lock@example.org")
            #expect(received.header("To") == "Ops <ops@example.org>, dev@example.org")
            #expect(received.header("MIME-Version") == "1.0")
            #expect(received.text == "plain ✓\n")
            #expect(received.html == "<p>rich ✓</p>\n")
            #expect(received.defects.isEmpty)
        }
    }

    @Test func `Dots at the beginnings of lines, bare line ends and long lines survive the way`() async throws {
        try await SMTPTestServer.serving { server in
            let long = String(repeating: "wide ", count: 500)
            let text = ".\n..\n.hidden\nend of data:\n.\nQUIT\ncarriage\rreturn\r\nlast \n\(long)\n=\tä\u{0}"
            _ = try await withClient { try await $0.send(mail(server, text: text, html: "<p>\n.\n</p>")) }
            let received = try #require(try await server.waitForMessages(count: 1).first)
            let expected = text.replacing("\rreturn\r\n", with: "\nreturn\n")
            #expect(received.text == expected)
            #expect(received.html == "<p>\n.\n</p>")
            #expect(received.defects.isEmpty)
            // On the wire every CR has its LF and the other way round, and no line is too long.
            var previous: UInt8 = 0
            var length = 0
            for byte in received.content {
                if byte == UInt8(ascii: "\n") { #expect(previous == UInt8(ascii: "\r")) }
                if previous == UInt8(ascii: "\r") { #expect(byte == UInt8(ascii: "\n")) }
                length = byte == UInt8(ascii: "\n") ? 0 : length + 1
                #expect(length <= 999)
                previous = byte
            }
        }
    }

    @Test func `Long and foreign header texts are folded and encoded so that a reader sees them whole`() async throws {
        try await SMTPTestServer.serving { server in
            let subject = String(repeating: "Überlange Betreffzeile ", count: 20) + "Ende"
            let references = (0..<40).map { "<incident-\($0).delivery@lockkeeper>" }.joined(separator: " ")
            _ = try await withClient {
                try await $0.send(
                    mail(
                        server, to: ["\"Müller, Jürgen\" <jm@example.org>", "Doe, \"J\" \\ <jd@example.org>"],
                        headers: ["Subject": subject, "References": references, "X-Literal": "=?utf-8?q?no?="]))
            }
            let received = try #require(try await server.waitForMessages(count: 1).first)
            #expect(received.header("Subject") == subject)
            #expect(received.header("References") == references)
            #expect(received.header("X-Literal") == "=?utf-8?q?no?=")
            #expect(
                received.header("To")
                    == "\"Müller, Jürgen\" <jm@example.org>, \"Doe, \\\"J\\\" \\\\\" <jd@example.org>")
            #expect(received.defects.isEmpty)
            // libcurl's own Content-Type, with its boundary, is longer.
            let lines = String(decoding: received.content, as: UTF8.self).split(separator: "\r\n")
            for line in lines where !line.contains("boundary=") { #expect(line.utf8.count <= 78) }
        }
    }

    @Test(arguments: [
        "a@example.org\r\nRCPT TO:<evil@example.org>", "a@example.org\n", "a\0@example.org",
        "Evil\r\nBcc: x <a@b.example>",
        "a@b@c", "@example.org", "a@", "", "a b@example.org", "<a@example.org", "a@example.org,b@example.org",
        "müller@example.org",
    ])
    func `An address that is not one mailbox is refused`(text: String) {
        let error = #expect(throws: MailAddress.Invalid.self) { try MailAddress(text) }
        #expect(error?.description.isEmpty == false)
    }

    @Test(arguments: [
        HeaderField("Subject", "a\r\nBcc: evil@example.org"), HeaderField("Subject", "a\nb"),
        HeaderField("Subject", "a\0b"), HeaderField("Subject", "a\rb"), HeaderField("Bad Name", "x"),
        HeaderField("Bad:Name", "x"), HeaderField("Bad\r\nName", "x"), HeaderField("From", "x@example.org"),
        HeaderField("Content-Type", "text/plain"), HeaderField("X-Long", String(repeating: "x", count: 1000)),
    ])
    func `A header that would break the message is refused before anything is sent`(field: HeaderField) async throws {
        try await StubHTTPServer.serving { server in
            try await withClient { client in
                let request = MailRequest(
                    server: "smtp://127.0.0.1:\(server.port)", security: .none, from: try MailAddress("a@example.org"),
                    recipients: [try MailAddress("b@example.org")], headers: HeaderFields([field]), text: "")
                let error = try #require(
                    await failure { () async throws(TransferError) in try await client.send(request) })
                #expect(error.reason == .invalidRequest)
                #expect(error.isPermanent)
                #expect(!error.message.contains("\n"))
            }
            #expect(server.connectionCount == 0)
        }
    }

    @Test(arguments: [
        ("http://mail.example.org", MailRequest.Security.none), ("mail.example.org:25", .none), ("", .none),
        ("smtp://user:secret-pass@mail.example.org", .startTLS), ("smtps://mail.example.org", .startTLS),
        ("smtps://mail.example.org", .none), ("smtp://mail.example.org:25/a\r\nb", .none),
    ])
    func `A mail server's URL that cannot be right is refused with what to write`(
        url: String, security: MailRequest.Security
    ) async throws {
        try await withClient { client in
            let request = MailRequest(
                server: url, security: security, from: try MailAddress("a@example.org"),
                recipients: [try MailAddress("b@example.org")], headers: [:], text: "")
            let error = try #require(await failure { () async throws(TransferError) in try await client.send(request) })
            #expect(error.reason == .invalidRequest)
            #expect(error.message.contains(": "))
            #expect(!error.message.contains("secret-pass"))
        }
    }

    @Test func `One refused recipient of three does not lose the mail of the others`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.refusals = [
            "gone@example.org": "550 5.1.1 no such user here", "busy@example.org": "451 4.7.1 greylisted, come back",
        ]
        try await SMTPTestServer.serving(configuration) { server in
            let names = ["gone@example.org", "ops@example.org", "busy@example.org", "dev@example.org"]
            let receipt = try await withClient { try await $0.send(mail(server, to: names)) }
            #expect(!receipt.isComplete)
            #expect(receipt.recipients.map(\.address.address) == names)
            guard case .refusedPermanently(let gone) = receipt.recipients[0].outcome,
                case .accepted(let accepted) = receipt.recipients[1].outcome,
                case .refusedTemporarily(let busy) = receipt.recipients[2].outcome,
                case .accepted = receipt.recipients[3].outcome
            else {
                Issue.record("unexpected \(receipt)")
                return
            }
            #expect(gone == MailReceipt.Reply(code: 550, text: "5.1.1 no such user here"))
            #expect(busy == MailReceipt.Reply(code: 451, text: "4.7.1 greylisted, come back"))
            #expect(accepted.code == 250)
            let received = try await server.waitForMessages(count: 1)
            #expect(received.map(\.recipients) == [["ops@example.org", "dev@example.org"]])
        }
    }

    @Test func `When all recipients are refused each hears its own reply`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.refusals = ["a@example.org": "550 5.1.1 gone", "b@example.org": "452 4.2.2 mailbox full"]
        try await SMTPTestServer.serving(configuration) { server in
            let receipt = try await withClient {
                try await $0.send(mail(server, to: ["a@example.org", "b@example.org"]))
            }
            #expect(
                receipt.recipients.map(\.outcome) == [
                    .refusedPermanently(.init(code: 550, text: "5.1.1 gone")),
                    .refusedTemporarily(.init(code: 452, text: "4.2.2 mailbox full")),
                ])
            #expect(try server.messages().isEmpty)
        }
    }

    @Test func `A message refused as a whole is refused for those who were not refused before`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.refusals = ["a@example.org": "450 4.2.0 busy"]
        configuration.afterMessage = .reply("554 5.7.1 looks like spam")
        try await SMTPTestServer.serving(configuration) { server in
            let receipt = try await withClient {
                try await $0.send(mail(server, to: ["a@example.org", "b@example.org"]))
            }
            #expect(
                receipt.recipients.map(\.outcome) == [
                    .refusedTemporarily(.init(code: 450, text: "4.2.0 busy")),
                    .refusedPermanently(.init(code: 554, text: "5.7.1 looks like spam")),
                ])
        }
    }

    @Test func `A refused sender is refused for every recipient`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.senderReply = "451 4.3.0 try later"
        try await SMTPTestServer.serving(configuration) { server in
            let receipt = try await withClient {
                try await $0.send(mail(server, to: ["a@example.org", "b@example.org"]))
            }
            let reply = MailReceipt.Reply(code: 451, text: "4.3.0 try later")
            #expect(receipt.recipients.map(\.outcome) == [.refusedTemporarily(reply), .refusedTemporarily(reply)])
        }
    }

    @Test(arguments: [SMTPTestServer.Mode.startTLS, .implicitTLS])
    func `A mail goes over TLS and after a login, as asked`(mode: SMTPTestServer.Mode) async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.mode = mode
        configuration.login = ("lockkeeper", Self.password)
        try await SMTPTestServer.serving(configuration) { server in
            var request = try mail(server, security: mode == .startTLS ? .startTLS : .implicitTLS)
            request.credentials = .init(username: "lockkeeper", password: Self.password)
            let receipt = try await withClient { [request] in try await $0.send(request) }
            #expect(receipt.isComplete)
            let received = try #require(try await server.waitForMessages(count: 1).first)
            #expect(received.isEncrypted)
            #expect(received.isAuthenticated)
        }
    }

    @Test(arguments: [SMTPTestServer.Mode.startTLS, .implicitTLS])
    func `A mail server's unknown certificate is refused before anything is sent`(mode: SMTPTestServer.Mode)
        async throws
    {
        var configuration = SMTPTestServer.Configuration()
        configuration.mode = mode
        try await SMTPTestServer.serving(configuration) { server in
            try await withClient { client in
                var request = try mail(server, security: mode == .startTLS ? .startTLS : .implicitTLS)
                request.certificateAuthorityFile = nil
                let error = try #require(
                    await failure { () async throws(TransferError) in try await client.send(request) })
                #expect(error.stage == .securing)
                #expect(error.certainty == .notSent)
                #expect(!error.isPermanent)
            }
            #expect(try server.messages().isEmpty)
        }
    }

    @Test func `Without STARTTLS on offer the mail fails rather than going in clear`() async throws {
        try await SMTPTestServer.serving { server in
            try await withClient { client in
                var request = try mail(server, security: .startTLS)
                request.credentials = .init(username: "lockkeeper", password: Self.password)
                let error = try #require(
                    await failure { () async throws(TransferError) in try await client.send(request) })
                #expect(error.stage == .securing)
                #expect(error.certainty == .notSent)
                #expect(error.message.contains("STARTTLS"))
            }
            #expect(try server.messages().isEmpty)
        }
    }

    @Test func `A wrong password is a permanent error without the password in it`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.login = ("lockkeeper", Self.password)
        try await SMTPTestServer.serving(configuration) { server in
            try await withClient { client in
                var request = try mail(server)
                request.credentials = .init(username: "lockkeeper", password: "wrong-password-77")
                let error = try #require(
                    await failure { () async throws(TransferError) in try await client.send(request) })
                #expect(error.stage == .authenticating)
                #expect(error.reason == .refused)
                #expect(error.replyCode == 535)
                #expect(error.isPermanent)
                #expect(error.certainty == .notSent)
                #expect(!"\(error) \(String(reflecting: error))".contains("wrong-password-77"))
            }
        }
    }

    @Test func `A connection closed after the message is ambiguous`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.afterMessage = .close
        try await SMTPTestServer.serving(configuration) { server in
            try await withClient { client in
                let request = try mail(server)
                let error = try #require(
                    await failure { () async throws(TransferError) in try await client.send(request) })
                #expect(error.certainty == .ambiguous)
                #expect(error.stage == .receiving)
            }
            #expect(try await server.waitForMessages(count: 1).count == 1)
        }
    }

    @Test func `A mail server that never replies to the message holds up nobody else and can be cancelled`()
        async throws
    {
        var configuration = SMTPTestServer.Configuration()
        configuration.afterMessage = .hang
        try await SMTPTestServer.serving(configuration) { server in
            try await StubHTTPServer.serving { web in
                try await withClient { client in
                    let request = try mail(server)
                    let stuck = Task {
                        await failure { () async throws(TransferError) in try await client.send(request) }
                    }
                    try await server.waitForMessages(count: 1)
                    let clock = ContinuousClock()
                    let start = clock.now
                    let response = try await client.perform(
                        HTTPRequest(method: "GET", url: web.url(), allowsPlainHTTP: true))
                    #expect(response.status == 200)
                    #expect(clock.now - start < .seconds(20))
                    stuck.cancel()
                    let error = try #require(await stuck.value)
                    #expect(error.reason == .cancelled)
                    #expect(error.certainty == .ambiguous)
                    #expect(clock.now - start < .seconds(30))
                }
            }
        }
    }

    @Test func `A mail server that never replies to the message runs into the total timeout`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.afterMessage = .hang
        try await SMTPTestServer.serving(configuration) { server in
            try await withClient { client in
                var request = try mail(server)
                request.totalTimeout = .seconds(3)
                let start = ContinuousClock.now
                let error = try #require(
                    await failure { () async throws(TransferError) in try await client.send(request) })
                #expect(error.reason == .timedOut)
                #expect(error.certainty == .ambiguous)
                #expect(ContinuousClock.now - start < .seconds(30))
            }
        }
    }

    @Test func `A mail server that never says hello runs into a timeout with nothing sent`() async throws {
        // An HTTP server waits for its client to speak first, and so does this mail client.
        try await StubHTTPServer.serving { server in
            try await withClient { client in
                let request = MailRequest(
                    server: "smtp://127.0.0.1:\(server.port)", security: .none, from: try MailAddress("a@example.org"),
                    recipients: [try MailAddress("b@example.org")], headers: [:], text: "",
                    totalTimeout: .seconds(2))
                let error = try #require(
                    await failure { () async throws(TransferError) in try await client.send(request) })
                #expect(error.reason == .timedOut)
                #expect(error.certainty == .notSent)
            }
        }
    }

    @Test func `A server that hangs at the goodbye has still accepted the mail, at once`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.hangsAtQuit = true
        try await SMTPTestServer.serving(configuration) { server in
            try await withClient { client in
                let clock = ContinuousClock()
                let start = clock.now
                let receipt = try await client.send(mail(server))
                #expect(receipt.isComplete)
                #expect(clock.now - start < .seconds(30))
            }
        }
    }

    @Test func `Shutting down ends a mail that is under way`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.afterMessage = .hang
        try await SMTPTestServer.serving(configuration) { server in
            let client = TransferClient()
            let request = try mail(server)
            let stuck = Task { await failure { () async throws(TransferError) in try await client.send(request) } }
            try await server.waitForMessages(count: 1)
            await client.shutdown()
            let error = try #require(await stuck.value)
            #expect(error.reason == .shutDown)
            #expect(error.certainty == .ambiguous)
        }
    }
}
