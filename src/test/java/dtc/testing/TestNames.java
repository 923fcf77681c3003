package dtc.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A name server (RFC 1035) whose names lead wherever a test wants, and elsewhere a moment later. */
public final class TestNames implements AutoCloseable {

    private static final int TYPE_A = 1;
    private static final int HEADER_BYTES = 12;
    private static final int PACKET_BYTES_MAX = 512;

    private final DatagramSocket socket;
    private final Map<String, InetAddress> addresses = new ConcurrentHashMap<>();

    public TestNames() throws SocketException {
        socket = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
        Thread.ofVirtual().start(this::serve);
    }

    public String address() {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    public void lead(String name, String address) {
        addresses.put(name, InetAddress.ofLiteral(address));
    }

    private void serve() {
        byte[] buffer = new byte[PACKET_BYTES_MAX];
        try {
            while (!socket.isClosed()) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                byte[] answer = answer(ByteBuffer.wrap(buffer, 0, packet.getLength()));
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        } catch (SocketException _) {
            // closed
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] answer(ByteBuffer query) {
        short id = query.getShort(0);
        query.position(HEADER_BYTES);
        StringBuilder name = new StringBuilder();
        for (int length = query.get(); length > 0; length = query.get()) {
            byte[] label = new byte[length];
            query.get(label);
            name.append(name.isEmpty() ? "" : ".")
                    .append(new String(label, java.nio.charset.StandardCharsets.US_ASCII));
        }
        int type = query.getShort();
        byte[] question = new byte[query.position() + 2 - HEADER_BYTES];
        query.get(HEADER_BYTES, question);
        InetAddress address = type == TYPE_A ? addresses.get(name.toString()) : null;

        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        boolean known = addresses.containsKey(name.toString());
        // A response to a recursive query; no such name (3) where it is not known.
        answer.writeBytes(ByteBuffer.allocate(HEADER_BYTES)
                .putShort(id)
                .putShort((short) (known ? 0x8180 : 0x8183))
                .putShort((short) 1)
                .putShort((short) (address == null ? 0 : 1))
                .array());
        answer.writeBytes(question);
        if (address != null) {
            // The name of the question (a pointer to it), type A, class IN, not to be kept, four bytes.
            answer.writeBytes(ByteBuffer.allocate(16)
                    .putShort((short) (0xc000 | HEADER_BYTES))
                    .putShort((short) TYPE_A)
                    .putShort((short) 1)
                    .putInt(0)
                    .putShort((short) 4)
                    .put(address.getAddress())
                    .array());
        }
        return answer.toByteArray();
    }

    @Override
    public void close() {
        socket.close();
    }
}
