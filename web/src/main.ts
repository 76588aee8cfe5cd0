import './app.css';
import { mount } from 'svelte';
import App from './app/App.svelte';
import { link } from './lib/link.svelte';

// Before anything else: a token that came in the address leaves it.
link.take();
addEventListener('hashchange', link.take);

const target = document.getElementById('app');
if (target) mount(App, { target });
