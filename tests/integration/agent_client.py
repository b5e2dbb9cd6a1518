import socket, struct, sys, base64
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
def text(b):
    return struct.pack(">I", len(b)) + b
def exact(n):
    b = b""
    while len(b) < n:
        piece = s.recv(n - len(b))
        if not piece:
            raise SystemExit("the agent closed the connection")
        b += piece
    return b
def ask(message):
    s.sendall(text(message))
    return exact(struct.unpack(">I", exact(4))[0])
def cut(b):
    n = struct.unpack(">I", b[:4])[0]
    return b[4:4 + n], b[4 + n:]
answer = ask(bytes([11]))
key, rest = cut(answer[5:])
print("keys", base64.b64encode(key).decode())
reply = ask(bytes([13]) + text(key) + text(b"data") + struct.pack(">I", 0))
blob, rest = cut(reply[1:])
kind, rest = cut(blob)
signature, rest = cut(rest)
print("signature", kind.decode())
print("signed", signature.hex())
print("adding", "refused" if ask(bytes([17]) + text(b"ssh-ed25519")) == bytes([5]) else "done")
