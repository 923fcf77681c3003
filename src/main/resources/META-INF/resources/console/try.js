// Runs a transaction and shows each request and response.
(() => {
  'use strict';

  const form = document.getElementById('trial');
  const log = document.getElementById('log');
  const outcome = document.getElementById('outcome');
  const writes = document.getElementById('writes');
  const writesMax = 20;

  function element(name, css, text) {
    const made = document.createElement(name);
    if (css) {
      made.className = css;
    }
    if (text !== undefined) {
      made.textContent = text;
    }
    return made;
  }

  function quoted(text) {
    return `'${text.replaceAll("'", "'\\''")}'`;
  }

  function curl(method, path, body) {
    const parts = [form.dataset.curl, '-X', method, new URL(path, document.baseURI).href];
    if (body !== undefined) {
      parts.push('-H', quoted('Content-Type: application/json'), '-d', quoted(body));
    }
    return parts.join(' ');
  }

  function pretty(text) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }

  function tone(status) {
    return status === 0 || status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good';
  }

  async function exchange(what, method, path, body) {
    const item = element('li');
    const title = element('p', 'title');
    title.append(element('span', '', what), element('strong', '', '…'));
    item.append(title, element('pre', 'request', curl(method, path, body)));
    log.append(item);
    const began = performance.now();
    let status = 0;
    let text = '';
    try {
      const answer = await fetch(path, {
        method,
        body,
        headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      });
      status = answer.status;
      text = await answer.text();
    } catch {
      text = 'The coordinator does not respond.';
    }
    const took = performance.now() - began;
    title.lastChild.textContent = `${status === 0 ? 'no answer' : status} · ${took < 10 ? took.toFixed(1) : Math.round(took)} ms`;
    title.classList.add(tone(status));
    if (text !== '') {
      item.append(element('pre', 'answer', pretty(text)));
    }
    return { status, text };
  }

  function formWrites() {
    return [...writes.querySelectorAll('.write')].map(write => ({
      resourceManager: write.querySelector('.rm').value,
      key: write.querySelector('.key').value,
      value: write.querySelector('.value').value,
    }));
  }

  function isJson(input) {
    let valid = true;
    try {
      JSON.parse(input.value);
    } catch {
      valid = false;
    }
    input.setCustomValidity(valid ? '' : 'Enter a JSON value. Strings need double quotes.');
    return valid;
  }

  async function run() {
    log.replaceChildren();
    outcome.textContent = '';
    document.getElementById('none').hidden = true;
    const begun = await exchange('Begin', 'POST', 'transactions');
    if (begun.status !== 201) {
      outcome.textContent = 'The transaction did not begin.';
      return;
    }
    const id = JSON.parse(begun.text).id;
    for (const write of formWrites()) {
      // The value is sent as entered, so that numbers keep their digits.
      const body = `{"resourceManager":${JSON.stringify(write.resourceManager)},"key":${JSON.stringify(write.key)},"value":${write.value}}`;
      await exchange(`Write to ${write.resourceManager}`, 'POST', `transactions/${id}/writes`, body);
    }
    const end = document.getElementById('end').value;
    const last = end === ''
      ? await exchange('Read', 'GET', `transactions/${id}`)
      : await exchange(end === 'prepare' ? 'Prepare' : 'Roll back', 'POST', `transactions/${id}/${end}`);
    const state = last.status === 200 ? JSON.parse(last.text).state : 'unknown';
    const link = element('a', '', 'Show the timeline');
    link.href = `console/transactions/${id}`;
    outcome.replaceChildren(`The transaction is ${state.toLowerCase().replaceAll('_', ' ')}. `, link);
  }

  form.addEventListener('submit', async event => {
    event.preventDefault();
    if (form.getAttribute('aria-busy') === 'true') {
      return;
    }
    form.setAttribute('aria-busy', 'true');
    try {
      await run();
    } finally {
      form.removeAttribute('aria-busy');
    }
  });

  writes.addEventListener('input', event => {
    if (event.target.matches('.value')) {
      isJson(event.target);
    }
  });

  document.getElementById('more').addEventListener('click', event => {
    const number = writes.children.length + 1;
    const copy = writes.lastElementChild.cloneNode(true);
    copy.querySelector('legend').textContent = `Write ${number}`;
    for (const name of ['rm', 'key', 'value']) {
      const field = copy.querySelector(`.${name}`);
      field.id = `${name}-${number - 1}`;
      field.previousElementSibling.htmlFor = field.id;
    }
    copy.querySelector('.key').value = `try-${number}`;
    writes.append(copy);
    copy.querySelector('.rm').focus();
    event.target.disabled = number >= writesMax;
  });

  // Faults: in dev mode and tests only.

  const faults = document.getElementById('faults');
  if (faults) {
    const status = document.getElementById('fault-status');
    fetch('dev/resource-managers')
      .then(answer => answer.json())
      .then(set => {
        for (const select of faults.querySelectorAll('.fault')) {
          select.value = set[select.dataset.rm] ?? '';
        }
      })
      .catch(() => {
        status.textContent = 'The faults could not be read.';
      });
    faults.addEventListener('change', async event => {
      const { value, dataset: { rm } } = event.target;
      const query = value === '' ? '' : `?kind=${encodeURIComponent(value)}`;
      const answer = await fetch(`dev/resource-managers/${encodeURIComponent(rm)}/fault${query}`, { method: 'PUT' })
        .catch(() => ({ ok: false }));
      status.textContent = answer.ok
        ? `Fault of ${rm}: ${event.target.selectedOptions[0].textContent}.`
        : `The fault of ${rm} could not be changed.`;
    });
    faults.addEventListener('submit', event => event.preventDefault());
  }
})();
