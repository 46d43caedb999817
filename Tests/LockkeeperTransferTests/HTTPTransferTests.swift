import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@Suite(.timeLimit(.minutes(2)))
struct HTTPTransferTests {
    private func post(
        _ server: StubHTTPServer, path: String = "/hook/secret-token-1234", totalTimeout: Duration = .seconds(10)
    ) -> HTTPRequest {
        HTTPRequest(
            method: "POST", url: server.url(path), headers: ["Content-Type": "application/json"],
            body: Array(#"{"text":"hello"}"#.utf8), connectTimeout: .seconds(5), totalTimeout: totalTimeout,
            allowsPlainHTTP: true)
    }

    @Test func `A request arrives as it was made and its answer comes back whole`() async throws {
        try await StubHTTPServer.serving { server in
            server.script(.status(201, "created", headers: [("X-Answer", " 42 "), ("Retry-After", "7")]))
            try await withClient { client in
                var request = post(server)
                request.headers = ["Content-Type": "application/json", "Authorization": "Bearer t", "X-Empty": ""]
                let response = try await client.perform(request)
                #expect(response.status == 201)
                #expect(response.text == "created")
                #expect(response.headers["x-answer"] == "42")
                #expect(response.headers["RETRY-AFTER"] == "7")
                #expect(!response.isTruncated)
            }
            let received = try #require(server.requests.first)
            #expect(received.method == "POST")
            #expect(received.path == "/hook/secret-token-1234")
            #expect(received.text == #"{"text":"hello"}"#)
            #expect(received.header("Authorization") == "Bearer t")
            #expect(received.header("X-Empty") == "")
            #expect(received.header("Content-Type") == "application/json")
            #expect(received.header("Expect") == nil)
        }
    }

    @Test(arguments: ["GET", "PUT", "PATCH", "DELETE", "HEAD", "POST"])
    func `Every method goes out under its own name, with or without a body`(method: String) async throws {
        try await StubHTTPServer.serving { server in
            try await withClient { client in
                for body in method == "HEAD" || method == "GET" ? [""] : ["", "content"] {
                    var request = post(server)
                    request.method = method
                    request.body = Array(body.utf8)
                    let response = try await client.perform(request)
                    #expect(response.status == 200)
                    #expect(server.requests.last?.method == method)
                    #expect(server.requests.last?.text == body)
                }
            }
        }
    }

    @Test(arguments: [200, 204, 400, 403, 404, 410, 429, 500, 503])
    func `Any status is an answer, not an error`(status: Int) async throws {
        try await StubHTTPServer.serving { server in
            server.script(.status(status))
            let response = try await withClient { try await $0.perform(post(server)) }
            #expect(response.status == status)
        }
    }

    @Test func `A redirect is an answer and is not followed`() async throws {
        try await StubHTTPServer.serving { other in
            try await StubHTTPServer.serving { server in
                server.script(.redirect(to: other.url("/elsewhere")))
                let response = try await withClient { try await $0.perform(post(server)) }
                #expect(response.status == 302)
                #expect(response.headers["Location"] == other.url("/elsewhere"))
            }
            #expect(other.connectionCount == 0)
        }
    }

    @Test func `A body at the limit is whole, one byte more is cut off and the status still counts`() async throws {
        try await StubHTTPServer.serving { server in
            server.script(.ofSize(65_536), .ofSize(65_537), .ofSize(1_000_000))
            try await withClient { client in
                for isTruncated in [false, true, true] {
                    let response = try await client.perform(post(server))
                    #expect(response.status == 200)
                    #expect(response.body.count == 65_536)
                    #expect(response.isTruncated == isTruncated)
                }
            }
        }
    }

    @Test func `Half an answer counts with its status, whether the connection closes or stalls`() async throws {
        try await StubHTTPServer.serving { server in
            let body = [UInt8](repeating: UInt8(ascii: "y"), count: 100)
            server.script(StubAnswer(.half(status: 503, body: body)), StubAnswer(.stall(status: 200, body: body)))
            try await withClient { client in
                for status in [503, 200] {
                    let response = try await client.perform(post(server, totalTimeout: .seconds(3)))
                    #expect(response.status == status)
                    #expect(response.body.count == 50)
                    #expect(response.isTruncated)
                }
            }
        }
    }

    @Test(
        arguments: [
            "", "HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
            "220 mail.example ESMTP\r\n",
        ])
    func `An answer that breaks off before its headers end is an ambiguous error`(bytes: String) async throws {
        try await StubHTTPServer.serving { server in
            server.script(StubAnswer(.raw(Array(bytes.utf8))))
            try await withClient { client in
                let error = try #require(
                    await failure { () async throws(TransferError) in
                        try await client.perform(post(server))
                    })
                #expect(error.certainty == .ambiguous)
                #expect(error.stage == .receiving)
                #expect(!error.isPermanent)
            }
        }
    }

    @Test func `An interim answer is not taken for the final one`() async throws {
        try await StubHTTPServer.serving { server in
            let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            let final = "HTTP/1.1 503 Unavailable\r\nContent-Length: 2\r\nRetry-After: 3\r\n\r\nno"
            server.script(StubAnswer(.raw(Array((early + final).utf8))))
            let response = try await withClient { try await $0.perform(post(server)) }
            #expect(response.status == 503)
            #expect(response.headers["Link"] == nil)
            #expect(response.text == "no")
        }
    }

    @Test func `A connection that is reset or closed without an answer is ambiguous, and is not tried again`()
        async throws
    {
        try await StubHTTPServer.serving { server in
            server.script(StubAnswer(.resetAfterReading), StubAnswer(.closeAfterReading))
            try await withClient { client in
                for count in 1...2 {
                    let error = try #require(
                        await failure { () async throws(TransferError) in
                            try await client.perform(post(server))
                        })
                    #expect(error.certainty == .ambiguous)
                    #expect(error.reason == .failed)
                    #expect(server.requests.count == count)
                    #expect(server.connectionCount == count)
                }
            }
        }
    }

    @Test func `A connection that is reset before anything was read is an error, and is not tried again`() async throws
    {
        try await StubHTTPServer.serving { server in
            server.script(StubAnswer(.resetBeforeReading))
            try await withClient { client in
                let error = try #require(
                    await failure { () async throws(TransferError) in
                        try await client.perform(post(server))
                    })
                #expect(error.reason == .failed)
                #expect(server.connectionCount == 1)
            }
        }
    }

    @Test func `Nothing listening is an error that cannot have doubled anything`() async throws {
        let server = try await StubHTTPServer.start()
        let request = post(server)
        try await server.close()
        try await withClient { client in
            let error = try #require(
                await failure { () async throws(TransferError) in try await client.perform(request) })
            #expect(error.stage == .connecting)
            #expect(error.certainty == .notSent)
            #expect(!error.isPermanent)
        }
    }

    @Test func `A name that does not exist is named in the error, the rest of the URL is not`() async throws {
        // A label of 64 characters is refused by the resolver itself, without asking a server that may not answer.
        let host = String(repeating: "nowhere-", count: 8) + ".invalid"
        try await withClient { client in
            let error = try #require(
                await failure { () async throws(TransferError) in
                    try await client.perform(
                        HTTPRequest(method: "POST", url: "https://\(host)/services/secret-token-1234"))
                })
            #expect(error.stage == .resolving)
            #expect(error.certainty == .notSent)
            #expect(error.message.contains(host))
            #expect(!"\(error)".contains("secret-token-1234"))
        }
    }

    @Test func `A server that never answers runs into the total timeout`() async throws {
        try await StubHTTPServer.serving { server in
            server.script(StubAnswer(.never))
            try await withClient { client in
                let error = try #require(
                    await failure { () async throws(TransferError) in
                        try await client.perform(post(server, totalTimeout: .seconds(2)))
                    })
                #expect(error.reason == .timedOut)
                #expect(error.stage == .receiving)
                #expect(error.certainty == .ambiguous)
                #expect(!error.message.contains("secret-token-1234"))
                #expect(error.message.contains("127.0.0.1"))
                try await server.waitForDisconnections(count: 1)
            }
        }
    }

    @Test func `Cancelling the task closes the connection and leaves the others alone`() async throws {
        try await StubHTTPServer.serving { server in
            server.script(
                StubAnswer(.never), StubAnswer(.respond(status: 200, headers: [], body: []), delay: .seconds(1)))
            try await withClient { client in
                let request = post(server, totalTimeout: .seconds(60))
                let stuck = Task {
                    await failure { () async throws(TransferError) in try await client.perform(request) }
                }
                try await server.waitForRequests(count: 1)
                async let other = client.perform(request)
                try await server.waitForRequests(count: 2)
                stuck.cancel()
                let error = try #require(await stuck.value)
                #expect(error.reason == .cancelled)
                #expect(error.certainty == .ambiguous)
                try await server.waitForDisconnections(count: 1, timeout: .seconds(5))
                #expect(try await other.status == 200)
            }
        }
    }

    @Test func `A task that is already cancelled sends nothing`() async throws {
        try await StubHTTPServer.serving { server in
            try await withClient { client in
                let request = post(server)
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return await failure { () async throws(TransferError) in try await client.perform(request) }
                }
                let error = try #require(await task.value)
                #expect(error.reason == .cancelled)
                #expect(error.certainty == .notSent)
            }
            #expect(server.connectionCount == 0)
        }
    }

    @Test func `Shutting down ends what is under way and refuses what comes later`() async throws {
        try await StubHTTPServer.serving { server in
            server.script(StubAnswer(.never))
            let client = TransferClient()
            let request = post(server, totalTimeout: .seconds(60))
            let stuck = Task { await failure { () async throws(TransferError) in try await client.perform(request) } }
            try await server.waitForRequests(count: 1)
            await client.shutdown()
            let error = try #require(await stuck.value)
            #expect(error.reason == .shutDown)
            #expect(error.certainty == .ambiguous)
            let late = try #require(
                await failure { () async throws(TransferError) in try await client.perform(request) })
            #expect(late.reason == .shutDown)
            #expect(late.certainty == .notSent)
            await client.shutdown()
        }
    }

    @Test func `Many transfers at once each get their own answer`() async throws {
        try await StubHTTPServer.serving { request in
            .status(200, request.text)
        } _: { server in
            try await withClient { client in
                let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                    for number in 0..<100 {
                        var request = post(server)
                        request.body = Array("number \(number)".utf8)
                        group.addTask { [request] in (number, try await client.perform(request).text) }
                    }
                    return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
                }
                #expect(answers == Dictionary(uniqueKeysWithValues: (0..<100).map { ($0, "number \($0)") }))
            }
        }
    }

    @Test func `An unknown certificate is refused before anything is sent, a known one is accepted`() async throws {
        try await SelfSignedCertificate.using { certificate in
            try await StubHTTPServer.serving(certificate: certificate) { server in
                try await withClient { client in
                    var request = post(server)
                    request.allowsPlainHTTP = false
                    let error = try #require(
                        await failure { () async throws(TransferError) in try await client.perform(request) })
                    #expect(error.stage == .securing)
                    #expect(error.certainty == .notSent)
                    #expect(server.requests.isEmpty)

                    request.certificateAuthorityFile = certificate.certificateFile
                    #expect(try await client.perform(request).status == 200)
                    #expect(server.requests.count == 1)
                }
            }
        }
    }

    @Test func `A certificate for another name is refused`() async throws {
        try await SelfSignedCertificate.using { certificate in
            try await StubHTTPServer.serving(certificate: certificate) { server in
                try await withClient { client in
                    // 127.0.0.2 is this machine too, but the certificate does not name it.
                    let error = try #require(
                        await failure { () async throws(TransferError) in
                            try await client.perform(
                                HTTPRequest(
                                    method: "GET", url: server.url().replacing("127.0.0.1", with: "127.0.0.2"),
                                    certificateAuthorityFile: certificate.certificateFile))
                        })
                    #expect(error.certainty == .notSent)
                }
                #expect(server.requests.isEmpty)
            }
        }
    }

    @Test func `A missing CA file is an error of the TLS stage that names the file`() async throws {
        try await withClient { client in
            try await StubHTTPServer.serving { server in
                let error = try #require(
                    await failure { () async throws(TransferError) in
                        try await client.perform(
                            HTTPRequest(
                                method: "GET", url: server.url().replacing("http:", with: "https:"),
                                certificateAuthorityFile: "/nonexistent/ca.pem"))
                    })
                #expect(error.stage == .securing)
                #expect(error.message.contains("/nonexistent/ca.pem"))
            }
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:9/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "hooks.example.org/x", "", "https:///x",
        "https://hooks.example.org/a b", "https://hooks.example.org/a\r\nX-Evil: 1",
    ])
    func `A URL that is not https is refused with what to do`(url: String) async throws {
        try await withClient { client in
            let error = try #require(
                await failure { () async throws(TransferError) in
                    try await client.perform(HTTPRequest(method: "POST", url: url))
                })
            #expect(error.reason == .invalidRequest)
            #expect(error.isPermanent)
            #expect(error.certainty == .notSent)
            #expect(error.message.contains(": "))
        }
    }

    @Test(arguments: [
        HeaderField("X-Key", "a\r\nX-Evil: 1"), HeaderField("X-Key", "a\nb"), HeaderField("X-Key", "a\0b"),
        HeaderField("X-Key\r\nX-Evil", "1"), HeaderField("X Key", "1"), HeaderField("", "1"), HeaderField("X:", "1"),
    ])
    func `A header that would break out of its line is refused`(field: HeaderField) async throws {
        try await StubHTTPServer.serving { server in
            try await withClient { client in
                var request = post(server)
                request.headers = HeaderFields([field])
                let error = try #require(
                    await failure { () async throws(TransferError) in
                        try await client.perform(request)
                    })
                #expect(error.reason == .invalidRequest)
            }
            #expect(server.connectionCount == 0)
        }
    }

    @Test func `Printing a request shows its host, not its secret`() {
        let request = HTTPRequest(method: "POST", url: "https://u:p4ss@hooks.example.org/T0/secret?token=x")
        for text in ["\(request)", String(reflecting: request)] {
            #expect(text == "POST https://hooks.example.org/…")
        }
    }
}
