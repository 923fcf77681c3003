package dtc.rest;

import io.netty.bootstrap.ChannelInitializerExtension;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;

/**
 * Adds a {@link HttpConnectionHandler} to each HTTP/1 connection that a server of this process accepts. Netty loads
 * this class, because neither Quarkus nor Vert.x has a way to refuse a malformed request with a body, or to stop
 * reading from a client that does not read.
 *
 * <p>Not used in dev mode and in tests that run in the same process as the application. There, Netty's class loader is
 * a parent of the application's class loader and does not find this class.
 */
public final class HttpConnections extends ChannelInitializerExtension {

    /** The length of the connection preface that identifies HTTP/2 ("PRI * HTTP/2.0", RFC 9113, section 3.4). */
    private static final int PREFACE_BYTES = 24;

    private static final String ENCODER = "httpEncoder";

    /**
     * Configures Netty to load this class and to use smaller buffer caches for each thread. Must be called before the
     * first server starts.
     */
    public static void enable() {
        System.setProperty(ChannelInitializerExtension.EXTENSIONS_SYSTEM_PROPERTY, "serviceload");
        // Each thread, including those that serve the console, has 78 caches of this size. The default is 256.
        System.setProperty("io.netty.allocator.smallCacheSize", "64");
    }

    @Override
    public void postInitializeServerChildChannel(Channel channel) {
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.pipeline().addLast(new Installer());
    }

    /** Waits until the server has detected the version of HTTP, which it does when the first bytes arrive. */
    private static final class Installer extends ChannelInboundHandlerAdapter {
        private int deliveredBytes;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ChannelPipeline pipeline = context.pipeline();
            if (message instanceof ByteBuf bytes) {
                // Forwards single bytes, so that no complete request is handled before the handler is installed.
                while (pipeline.get(ENCODER) == null && deliveredBytes < PREFACE_BYTES && bytes.readableBytes() > 1) {
                    deliveredBytes++;
                    context.fireChannelRead(bytes.readRetainedSlice(1));
                }
            }
            if (pipeline.get(ENCODER) != null) {
                pipeline.addAfter(ENCODER, "http-connection", new HttpConnectionHandler());
                pipeline.remove(this);
            }
            context.fireChannelRead(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                var _ = context.close();
            }
            context.fireUserEventTriggered(event);
        }
    }
}
