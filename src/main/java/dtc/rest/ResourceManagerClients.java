package dtc.rest;

import dtc.runtime.Registration;

/**
 * The two HTTP clients for resource managers.
 *
 * @param kept keeps connections open for later requests
 * @param closed closes each connection after its response
 */
public record ResourceManagerClients(ResourceManagerApi kept, ResourceManagerApi closed) {

    ResourceManagerApi of(Registration target) {
        return target.keepsAlive() ? kept : closed;
    }
}
