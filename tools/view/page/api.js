/** The token of this view: the page has it, or the address that was printed. */
function ownToken() {
  const given = document.querySelector('meta[name="view-token"]').content;
  if (given !== '') return given;
  const ofAddress = new URLSearchParams(location.hash.slice(1)).get('token');
  if (ofAddress !== null) {
    sessionStorage.setItem('token', ofAddress);
    // Not in the history, nor in what somebody copies from the address line.
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem('token') ?? '';
}

const token = ownToken();

async function answerOf(response) {
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** Asks the view; what it refuses is an error whose message says why. */
export async function ask(path, body) {
  const headers = { 'content-type': 'application/json', 'x-view-token': token };
  return answerOf(await fetch(`/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) }));
}

export async function read(path) {
  return answerOf(await fetch(`/api/${path}`, { headers: { 'x-view-token': token } }));
}
