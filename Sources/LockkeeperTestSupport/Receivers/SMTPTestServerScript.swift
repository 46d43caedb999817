/// The program behind ``SMTPTestServer``. In a string, so that the test support needs no resource bundle.
let smtpTestServerScript = #"""
    import asyncio, base64, email, email.policy, json, os, ssl, sys, threading
    from aiosmtpd.smtp import SMTP, AuthResult

    config = json.loads(sys.argv[1])
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    os.mkdir("spool")
    count = 0


    def body(message, kind):
        part = message.get_body(preferencelist=(kind,))
        return part.get_content().replace("\r\n", "\n") if part else None


    class Handler:
        async def handle_MAIL(self, server, session, envelope, address, options):
            if "sender_reply" in config:
                return config["sender_reply"]
            envelope.mail_from = address
            envelope.mail_options.extend(options)
            return "250 2.1.0 OK"

        async def handle_RCPT(self, server, session, envelope, address, options):
            if address in config["refusals"]:
                return config["refusals"][address]
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 OK"

        async def handle_DATA(self, server, session, envelope):
            global count
            if "message_reply" in config:
                return config["message_reply"]
            count += 1
            file = os.path.abspath("spool/%04d.eml" % count)
            with open(file, "wb") as f:
                f.write(envelope.content)
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            defects = [repr(d) for part in message.walk() for d in part.defects]
            defects += [repr(d) for value in message.values() for d in getattr(value, "defects", ())]
            print(json.dumps({
                "file": file, "sender": envelope.mail_from, "recipients": envelope.rcpt_tos,
                "encrypted": server.transport.get_extra_info("ssl_object") is not None,
                "authenticated": session.authenticated,
                "headers": [[name, str(value)] for name, value in message.items()],
                "text": body(message, "plain"), "html": body(message, "html"), "defects": defects,
            }), flush=True)
            after = config.get("after_message")
            if after == "close":
                server.transport.close()
                await asyncio.sleep(3600)
            if after == "hang":
                await asyncio.sleep(3600)
            return "250 2.0.0 kept as %04d" % count

        async def handle_QUIT(self, server, session, envelope):
            if config["hangs_at_quit"]:
                await asyncio.sleep(3600)
            return "221 2.0.0 bye"


    def authenticate(server, session, envelope, mechanism, data):
        good = (config["username"].encode(), config["password"].encode())
        return AuthResult(success=(data.login, data.password) == good, handled=False)


    class Server(SMTP):
        async def smtp_STARTTLS(self, arg):
            if "starttls_reply" in config:
                await self.push(config["starttls_reply"])
            else:
                await super().smtp_STARTTLS(arg)

        async def smtp_AUTH(self, arg):
            if "auth_reply" in config:
                words = arg.split()
                decoded = [base64.b64decode(w).decode(errors="replace").replace("\0", " ") for w in words[1:]]
                await self.push(config["auth_reply"].replace("%s", " ".join(words + decoded)))
            else:
                await super().smtp_AUTH(arg)


    async def turn_away(reader, writer):
        writer.write(config["greeting"].encode() + b"\r\n")
        await reader.read(1000)
        writer.close()


    async def main():
        context = None
        if config["mode"] != "plain":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(config["certificate"], config["key"])
        options = {"hostname": "mail.test.example", "enable_SMTPUTF8": True}
        if config["mode"] == "starttls":
            options["tls_context"] = context
        if "username" in config:
            options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
        loop = asyncio.get_running_loop()
        if "greeting" in config:
            server = await asyncio.start_server(turn_away, "127.0.0.1", 0)
        else:
            server = await loop.create_server(
                lambda: Server(Handler(), loop=loop, **options), "127.0.0.1", 0,
                ssl=context if config["mode"] == "implicit" else None)
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        await server.serve_forever()


    asyncio.run(main())
    """#
