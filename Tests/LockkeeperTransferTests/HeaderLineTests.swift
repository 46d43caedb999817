import Testing

@testable import LockkeeperTransfer

struct HeaderLineTests {
    @Test(arguments: [
        ("Hello", "Subject: Hello"), ("", "Subject: "), ("a=?b", "Subject: =?UTF-8?Q?a=3D=3Fb?="),
        ("läuft", "Subject: =?UTF-8?Q?l=C3=A4uft?="),
    ])
    func `A text is written as it is where it can be, else as encoded words`(text: String, line: String) throws {
        #expect(try HeaderLine.text("Subject", text) == line)
    }

    @Test func `No encoded word is longer than 75 characters or divides a character`() throws {
        let text = String(repeating: "Ж🚀e\u{301}", count: 60)
        let words = EncodedWord.encode(text).split(separator: " ")
        #expect(words.count > 1)
        for word in words {
            #expect(word.utf8.count <= 75)
            let inner = word.dropFirst("=?UTF-8?Q?".count).dropLast(2)
            var bytes: [UInt8] = []
            var rest = inner[...]
            while let first = rest.first {
                if first == "=" {
                    bytes.append(try #require(UInt8(rest.dropFirst().prefix(2), radix: 16)))
                    rest = rest.dropFirst(3)
                } else {
                    bytes += String(first).utf8
                    rest = rest.dropFirst()
                }
            }
            #expect(String(validating: bytes, as: UTF8.self) != nil)
        }
    }

    @Test func `Folding breaks only at single spaces and never makes a line of spaces alone`() throws {
        let value = (0..<30).map { "word\($0)" }.joined(separator: " ") + "   tail"
        let line = try HeaderLine.text("X-Words", value)
        let lines = line.split(separator: "\r\n")
        #expect(lines.count > 1)
        for line in lines { #expect(line.contains { $0 != " " }) }
        #expect(lines.joined() == "X-Words: " + value)
    }
}
