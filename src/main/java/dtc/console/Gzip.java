package dtc.console;

import io.vertx.ext.web.RoutingContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.GZIPOutputStream;

/**
 * Compression of what the console sends. The compression of the server would also compress the small responses of the
 * API, or add a header to each.
 */
final class Gzip {

    static final String NAME = "gzip";

    private Gzip() {}

    static byte[] compress(byte[] bytes) {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // not thrown in memory
        }
        return compressed.toByteArray();
    }

    static boolean isAccepted(RoutingContext call) {
        return call.parsedHeaders().acceptEncoding().stream()
                .anyMatch(encoding -> encoding.value().equalsIgnoreCase(NAME) && encoding.weight() > 0);
    }
}
