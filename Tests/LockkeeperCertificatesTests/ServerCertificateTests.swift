import LockkeeperCertificates
import LockkeeperTestSupport
import Testing

@Suite struct ServerCertificateTests {
    @Test func `A certificate and its key are taken, with the end of its validity`() throws {
        let certificate = try ServerCertificate(certificates: PEMPair.first.certificate, key: PEMPair.first.key)
        #expect(certificate.expiresAt > PEMPairTimes.expired)
        let expired = try ServerCertificate(certificates: PEMPair.expired.certificate, key: PEMPair.expired.key)
        #expect(expired.expiresAt == PEMPairTimes.expired)
    }

    @Test func `A chain is taken when the server's own certificate comes first, and not the other way round`() throws {
        let (own, authority) = (PEMPair.first, PEMPair.second)
        _ = try ServerCertificate(certificates: own.certificate + authority.certificate, key: own.key)
        let problem = #expect(throws: CertificateProblem.self) {
            try ServerCertificate(certificates: authority.certificate + own.certificate, key: own.key)
        }
        #expect(problem?.part == .key)
    }

    @Test(arguments: [
        ("", PEMPair.first.key, CertificateProblem.Part.certificate, "holds no certificate in PEM form"),
        (PEMPair.first.key, PEMPair.first.key, .certificate, "holds no certificate in PEM form"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", PEMPair.first.key, .certificate,
            "holds no certificate in PEM form"
        ),
        (PEMPair.first.certificate, "", .key, "holds no private key in PEM form"),
        (PEMPair.first.certificate, PEMPair.first.certificate, .key, "holds no private key in PEM form"),
        (PEMPair.first.certificate, PEMPair.second.key, .key, "is not the key of the certificate"),
        (
            PEMPair.first.certificate, PEMPair.first.key.replacing("PRIVATE KEY", with: "ENCRYPTED PRIVATE KEY"), .key,
            "is encrypted, and nobody is there to give the passphrase"
        ),
    ])
    func `What cannot be used is named`(
        certificates: String, key: String, part: CertificateProblem.Part, reason: String
    ) throws {
        let problem = #expect(throws: CertificateProblem.self) {
            try ServerCertificate(certificates: certificates, key: key)
        }
        #expect(problem?.part == part)
        #expect(problem?.reason == reason)
    }
}

private enum PEMPairTimes {
    /// 2020-01-02T00:00:00Z
    static let expired = 1_577_923_200
}
